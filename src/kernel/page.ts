/** One page by offset. `total` counts all matches, whatever the page. */
export interface OffsetPage<T> {
  items: T[];
  total: number;
}

/** One page by cursor. `next` is null on the last page. */
export interface CursorPage<T> {
  items: T[];
  next: string | null;
}
