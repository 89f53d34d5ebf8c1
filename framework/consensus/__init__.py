"""What several models say together of rows without labels: role models, and weights of averages. No torch."""
