import { action } from "@/lib/action";
import { changeNote, createNote, deleteNote } from "@/lib/notes";

export const POST = action("/notes", {
  async create({ form, client }) {
    const note = { title: form("title"), body: form("body") || null, done: false };
    await createNote(client, note, form("key"));
    return { to: "/notes", notice: "The note is added." };
  },

  async finish({ form, client }) {
    await changeNote(client, form("id"), { done: true });
    return { to: "/notes" };
  },

  async reopen({ form, client }) {
    await changeNote(client, form("id"), { done: false });
    return { to: "/notes" };
  },

  async remove({ form, client }) {
    await deleteNote(client, form("id"));
    return { to: "/notes", notice: "The note is deleted." };
  },
});
