export const metadata = { title: "Thank you" };

export default function Thanks() {
  return (
    <>
      <h1>Thank you</h1>
      <p>
        We have received your message and will reply by email. <a href="/">Start page</a>
      </p>
    </>
  );
}
