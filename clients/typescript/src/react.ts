/** The session in React. Data is fetched with a library for that: see the README for TanStack Query. */
import { createContext, createElement, type ReactNode, useContext, useSyncExternalStore } from "react";
import type { Client } from "./client.js";
import type { Session } from "./session.js";

const Context = createContext<{ client: Pick<Client, "auth">; initial: Session | null } | undefined>(undefined);

export interface SessionProviderProps {
  client: Pick<Client, "auth">;
  /** The session that the server rendered with. Default: signed out. */
  initial?: Session | null;
  children?: ReactNode;
}

/** Share a client's session with the components below. */
export function SessionProvider({ client, initial = null, children }: SessionProviderProps): ReactNode {
  return createElement(Context.Provider, { value: { client, initial } }, children);
}

/** Return who is signed in, or null. Renders again after each change, in this tab or another. */
export function useSession(): Session | null {
  const context = useContext(Context);
  if (!context) throw new Error("useSession needs a SessionProvider above it");
  const { client, initial } = context;
  return useSyncExternalStore(client.auth.onChange, client.auth.session, () => initial);
}
