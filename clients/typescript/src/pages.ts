/** Lists that come in pages. */
import type { MaybeOptionalInit } from "openapi-fetch";
import type { paths } from "./schema.js";
import type { Call, InitOf, ItemOf, ListPath } from "./types.js";

/** One page of a list. */
export interface Page<Item> {
  data: Item[];
  /** The next page, null on the last one. */
  nextCursor: string | null;
}

/** All items of a list: `for await (const item of list)`. Each iteration begins with the first page. */
export interface Pages<Item> extends AsyncIterable<Item> {
  /** Iterate over pages instead of items. */
  byPage(): AsyncIterable<Page<Item>>;
}

/** Return the items of a list. A page is requested when the iteration gets there. */
export type List = <Path extends ListPath, Init extends MaybeOptionalInit<paths[Path], "get">>(
  path: Path,
  ...init: InitOf<Init>
) => Pages<ItemOf<Path>>;

interface Query {
  params?: { query?: object };
}

/** Create `client.pages` from the client's GET. */
export function pagesOf(get: Call<"get">): List {
  const getPage = get as unknown as (path: string, init: Query) => Promise<{ data: Page<never> }>;
  return (path, ...[init]) => {
    async function* byPage() {
      const { params } = (init ?? {}) as Query;
      let cursor: string | null = null;
      do {
        const query = { ...params?.query, ...(cursor && { cursor }) };
        const { data } = await getPage(path, { ...init, params: { ...params, query } });
        yield data;
        cursor = data.nextCursor;
      } while (cursor);
    }
    return {
      byPage,
      async *[Symbol.asyncIterator]() {
        for await (const page of byPage()) yield* page.data;
      },
    };
  };
}
