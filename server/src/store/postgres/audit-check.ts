// One question to the books.

/** Its query returns one column, `detail`, and a row only for what is wrong. */
export type Check = { readonly name: string; readonly sql: string };
