"use client";

import { useEffect } from "react";

// After it, a form whose response does not come may be sent again.
const PENDING = 5000;

/** What JavaScript adds: a form is sent once, and a sign-out is seen by all tabs. */
export function Enhance({ isSignedIn }: { isSignedIn: boolean }) {
  useEffect(() => {
    const pending = (event: SubmitEvent) => {
      const form = event.target as HTMLFormElement;
      if (form.ariaBusy === "true") event.preventDefault();
      form.ariaBusy = "true";
      setTimeout(() => {
        form.ariaBusy = null;
      }, PENDING);
    };
    // After "back", the browser shows the page as it was, perhaps to someone else.
    const shown = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    document.addEventListener("submit", pending);
    window.addEventListener("pageshow", shown);
    return () => {
      document.removeEventListener("submit", pending);
      window.removeEventListener("pageshow", shown);
    };
  }, []);

  useEffect(() => {
    const channel = new BroadcastChannel("session");
    channel.postMessage(isSignedIn);
    channel.onmessage = ({ data }) => {
      if (isSignedIn && data === false) location.reload();
    };
    return () => channel.close();
  }, [isSignedIn]);

  return null;
}
