"""Files of a table as records, all cells text: CSV, JSON lines and Parquet, of whoever wrote them."""

from .reading import open_records, read_delimited
from .record import Record
from .writing import check_table_name, write_records

__all__ = ["Record", "check_table_name", "open_records", "read_delimited", "write_records"]
