"use client";

import { useEffect } from "react";

// Milliseconds until a form without a response may be sent again.
const PENDING = 5000;

/** What JavaScript adds: a form is sent once, and tabs with another user, or none, are reloaded. */
export function Enhance({ userId }: { userId: string | null }) {
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
    channel.postMessage(userId);
    channel.onmessage = ({ data }) => {
      if (userId !== null && data !== userId) location.reload();
    };
    return () => channel.close();
  }, [userId]);

  return null;
}
