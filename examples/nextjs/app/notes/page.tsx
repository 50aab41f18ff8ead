import { randomUUID } from "node:crypto";
import { ApiError, type Client, type Page } from "lambda-api-routes-client";
import { Form, Notice } from "@/components/form";
import { COMMAND, listNotes, type Note } from "@/lib/notes";
import { flashOf, read } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Notes" };

/** Return a page of notes, or null if the API has no such path. */
async function notesOrNull(client: Client, cursor: string): Promise<Page<Note> | null> {
  try {
    return await listNotes(client, cursor);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export default async function Notes({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf("/notes");
  const cursor = await parameter(searchParams, "cursor");
  const notes = await read("/notes", (client) => notesOrNull(client, cursor));
  if (!notes) return <HowToAdd />;
  return (
    <>
      <h1>Notes</h1>
      <Notice flash={flash} />
      {notes.data.length === 0 && <p>There are no notes yet.</p>}
      <ul className="rows">
        {notes.data.map(({ id, title, body, done }) => (
          <li key={id}>
            <div className={done ? "done" : undefined}>
              <strong>{title}</strong>
              {body && <p className="text">{body}</p>}
            </div>
            <div className="actions">
              <Form
                to="/notes/submit"
                verb={done ? "reopen" : "finish"}
                button={done ? "Reopen" : "Done"}
                label={`${done ? "Reopen" : "Done"}: ${title}`}
                hidden={{ id }}
                isInline
              />
              <Form to="/notes/submit" verb="remove" button="Delete" label={`Delete: ${title}`} hidden={{ id }} isInline />
            </div>
          </li>
        ))}
      </ul>
      <p className="actions">
        {cursor && <a href="/notes">Newest</a>}
        {notes.nextCursor && <a href={withQuery("/notes", { cursor: notes.nextCursor })}>Older</a>}
      </p>
      <h2>New note</h2>
      <Form
        to="/notes/submit"
        verb="create"
        button="Add note"
        flash={flash}
        // Sent twice, the form makes one note.
        hidden={{ key: flash.values?.key ?? randomUUID() }}
        fields={[
          { name: "title", label: "Title", maxLength: 200 },
          // What was typed must fit into a cookie, if something is wrong.
          { name: "body", label: "Text", type: "textarea", maxLength: 500, isOptional: true },
        ]}
      />
    </>
  );
}

function HowToAdd() {
  return (
    <>
      <h1>Notes</h1>
      <p>The API has no notes yet. One command in the project’s folder adds them, with their table, rights and tests:</p>
      <pre>
        <code>{COMMAND}</code>
      </pre>
      <p>
        The local API notices at once: <a href="/notes">reload this page</a>.
      </p>
    </>
  );
}
