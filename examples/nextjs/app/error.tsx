"use client";

/** The page for unexpected errors, such as an API that does not respond. */
export default function Failure() {
  return (
    <>
      <h1>Something went wrong</h1>
      <p>
        <a href="">Try again</a> in a moment.
      </p>
    </>
  );
}
