"use client";

import { useEffect, useRef } from "react";

/** Sends the form that it is in. Without JavaScript, its button does. */
export function AutoSubmit() {
  const here = useRef<HTMLInputElement>(null);
  useEffect(() => here.current?.form?.requestSubmit(), []);
  return <input ref={here} type="hidden" name="automatic" value="yes" />;
}
