export const metadata = { title: "Thank you" };

export default function Thanks() {
  return (
    <>
      <h1>Thank you</h1>
      <p>
        We have got your message, and answer by email. <a href="/">Start page</a>
      </p>
    </>
  );
}
