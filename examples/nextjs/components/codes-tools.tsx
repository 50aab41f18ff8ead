"use client";

import { useEffect, useState } from "react";

/** What JavaScript adds to recovery codes: buttons that copy and print them. */
export function CodesTools({ text }: { text: string }) {
  const [state, setState] = useState<"unavailable" | "ready" | "copied" | "failed">("unavailable");
  useEffect(() => setState("ready"), []);
  if (state === "unavailable") return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      setState("failed");
    }
  };
  return (
    <>
      <button type="button" className="quiet" onClick={copy}>
        Copy
      </button>
      <button type="button" className="quiet" onClick={() => print()}>
        Print
      </button>
      <span role="status" className="muted">
        {state === "copied" && "Copied."}
        {state === "failed" && "Your browser does not allow it: select and copy the text."}
      </span>
    </>
  );
}
