export const metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        Or it is not for you. <a href="/">Start page</a>
      </p>
    </>
  );
}
