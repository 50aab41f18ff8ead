/**
 * Notes, which the API has after `make resource NAME=note …` (`COMMAND`). The client was made before, so it does not have
 * their types. With your own resource, the types are there: `client.GET("/api/orders")`.
 */
import type { Client, Page } from "lambda-api-routes-client";

export const COMMAND = 'make resource NAME=note FIELDS="title:str body:Text? done:bool"';

export interface Note {
  id: string;
  title: string;
  body: string | null;
  done: boolean;
}

type Verb = "GET" | "POST" | "PATCH" | "DELETE";
interface Init {
  params?: { path?: object; query?: object };
  body?: object;
  headers?: Record<string, string>;
}
type Untyped = Record<Verb, (path: string, init: Init) => Promise<{ data: unknown }>>;

async function call(client: Client, verb: Verb, path: string, init: Init): Promise<unknown> {
  return (await (client as unknown as Untyped)[verb](path, init)).data;
}

export async function listNotes(client: Client, cursor: string): Promise<Page<Note>> {
  const query = { limit: 20, ...(cursor && { cursor }) };
  return (await call(client, "GET", "/api/notes", { params: { query } })) as Page<Note>;
}

/** Create a note. However often it is sent with the same key, there is one. */
export async function createNote(client: Client, body: Omit<Note, "id">, key: string): Promise<void> {
  await call(client, "POST", "/api/notes", { body, headers: { "Idempotency-Key": key } });
}

export async function changeNote(client: Client, noteId: string, body: Partial<Note>): Promise<void> {
  await call(client, "PATCH", "/api/notes/{noteId}", { params: { path: { noteId } }, body });
}

export async function deleteNote(client: Client, noteId: string): Promise<void> {
  await call(client, "DELETE", "/api/notes/{noteId}", { params: { path: { noteId } } });
}
