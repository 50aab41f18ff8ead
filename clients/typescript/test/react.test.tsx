// @vitest-environment happy-dom
import { act } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { createClient, memoryStore, type Session } from "../src/index.js";
import { SessionProvider, useSession } from "../src/react.js";

const user = { id: "1", email: "ada@example.com", name: "Ada", role: "user" as const };
const tokens = { success: true, token: "a", tokenType: "Bearer", expiresIn: 3600, refreshToken: "r", device: "d", user };

function signIn() {
  const answer = async ({ url }: Request) =>
    url.endsWith("/login") ? Response.json(tokens) : new Response(null, { status: 204 });
  return createClient({ baseUrl: "http://api.test", fetch: answer, session: memoryStore() });
}

function Greeting() {
  return <p>{useSession()?.user.name ?? "signed out"}</p>;
}

const page = (client: ReturnType<typeof signIn>, initial: Session | null = null) => (
  <SessionProvider client={client} initial={initial}>
    <Greeting />
  </SessionProvider>
);

test("the session is rendered again when it changes", async () => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const client = signIn();
  const element = document.createElement("div");
  const root = createRoot(element);
  await act(() => root.render(page(client)));
  expect(element.textContent).toBe("signed out");
  await act(() => client.auth.signIn({ email: user.email, password: "secret" }));
  expect(element.textContent).toBe("Ada");
  await act(() => client.auth.signOut());
  expect(element.textContent).toBe("signed out");
  await act(() => root.unmount());
});

test("a server renders the session that it knows", async () => {
  const client = signIn();
  await client.auth.signIn({ email: user.email, password: "secret" });
  expect(renderToString(page(client))).toContain("signed out");
  expect(renderToString(page(client, client.auth.session()))).toContain("Ada");
});

test("a component without a provider says what is missing", () => {
  expect(() => renderToString(<Greeting />)).toThrow("SessionProvider");
});
