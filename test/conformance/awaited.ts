// Cells of the matrix that are known to fail, each with what it waits for. One that passes must be taken out.

export const AWAITED: readonly { readonly cell: RegExp; readonly why: string }[] = [];
