/** The types of calls: those of openapi-fetch, but a promise has `data`, because errors are thrown. */
import type { FetchResponse, MaybeOptionalInit, Middleware } from "openapi-fetch";
import type { ApiError, NetworkError } from "./errors.js";
import type { paths } from "./schema.js";

type Verb = "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace";
type MediaType = `${string}/${string}`;

/** The paths that have an operation for the verb. */
export type PathsWith<Method extends Verb> = {
  [Path in keyof paths]: paths[Path] extends Record<Method, object> ? Path : never;
}[keyof paths];

type IsOptional<Init> = Record<never, never> extends Init ? true : undefined extends Init ? true : false;
/** openapi-fetch's parameter: optional if the operation requires nothing. */
export type InitOf<Init> = IsOptional<Init> extends true
  ? [(Init & { [key: string]: unknown })?]
  : [Init & { [key: string]: unknown }];

type Operation = Record<string | number, unknown>;
type Success<Of, Init> = Of extends Operation
  ? // With `data`, because without exactOptionalPropertyTypes a failure matches `{ error?: never }` too.
    Extract<FetchResponse<Of, Init, MediaType>, { data: unknown; error?: never }>["data"]
  : never;

/** A response with a status of success. */
export interface Result<Data> {
  data: Data;
  /** Never there, because errors are thrown: what works with openapi-fetch may look for it. */
  error?: never;
  /** The version of `data`, for `If-Match`. */
  etag: string | undefined;
  response: Response;
}

/** Call an operation. */
export type Call<Method extends Verb> = <
  Path extends PathsWith<Method>,
  Init extends MaybeOptionalInit<paths[Path], Method>,
>(
  path: Path,
  ...init: InitOf<Init>
) => Promise<Result<Success<paths[Path][Method], Init>>>;

/** The operations of the API, by verb. */
export interface Calls {
  GET: Call<"get">;
  PUT: Call<"put">;
  POST: Call<"post">;
  DELETE: Call<"delete">;
  OPTIONS: Call<"options">;
  HEAD: Call<"head">;
  PATCH: Call<"patch">;
  TRACE: Call<"trace">;
  /** Add openapi-fetch middleware. It runs once for each call, before retries. */
  use(...middleware: Middleware[]): void;
  eject(...middleware: Middleware[]): void;
}

/** The document's paths with the errors that are thrown, for libraries on top of openapi-fetch. */
export type QueryPaths = {
  [Path in keyof paths]: {
    [Method in keyof paths[Path]]: paths[Path][Method] extends { responses: infer Responses }
      ? Omit<paths[Path][Method], "responses"> & { responses: Thrown<Responses> }
      : paths[Path][Method];
  };
};
type Thrown<Responses> = Pick<Responses, keyof Responses & (200 | 201 | 202 | 204)> & {
  default: { headers: object; content: { "application/json": ApiError | NetworkError } };
};

/** What a list returns of each of its records. */
export type ItemOf<Path extends PathsWith<"get">> =
  Success<paths[Path]["get"], unknown> extends { data: (infer Item)[]; nextCursor: string | null } ? Item : never;

/** The paths of lists that come in pages. */
export type ListPath = {
  [Path in PathsWith<"get">]: ItemOf<Path> extends never ? never : Path;
}[PathsWith<"get">];
