/** What a visitor's own input causes; its message is shown beside that input. */
export class DataError extends Error {}
