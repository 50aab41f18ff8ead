import { Form, Notice } from "@/components/form";
import type { Flash } from "@/lib/flash";
import { API_URL } from "@/lib/settings";
import { parameter, type Query } from "@/lib/urls";

export const metadata = { title: "Contact" };

const FIELDS = ["name", "email", "message"];

/**
 * Return what is wrong with the form. With the parameter `ContactPage=/contact`, the API leads back here with its error in
 * the query; otherwise it shows a page of its own, which keeps what was typed.
 *
 * Anyone can write such a link, so none of its texts are shown.
 */
function faultsIn(code: string, errors: string): Flash {
  if (!code) return {};
  const faults: Record<string, string> = {};
  try {
    for (const { field } of JSON.parse(errors || "[]")) {
      if (FIELDS.includes(field)) faults[field] = "is missing or invalid";
    }
  } catch {
    // Not of the API.
  }
  const isBusy = code === "too_many_requests" || code === "unavailable";
  return { verb: "contact", faults, fault: isBusy ? "Too much is going on. Try again in a minute." : "The form is not complete." };
}

/** A plain form that the browser sends to the API, without this server. */
export default async function Contact({ searchParams }: { searchParams: Query }) {
  const flash = faultsIn(await parameter(searchParams, "code"), await parameter(searchParams, "errors"));
  return (
    <>
      <h1>Contact</h1>
      <Notice flash={flash} />
      <Form
        to={`${API_URL}/api/contact`}
        verb="contact"
        button="Send"
        flash={flash}
        fields={[
          { name: "name", label: "Name", autoComplete: "name", maxLength: 100 },
          { name: "email", label: "Email", type: "email", autoComplete: "email" },
          { name: "message", label: "Message", type: "textarea", maxLength: 5000 },
        ]}
      >
        {/* Bots fill in every field. People do not see this one. */}
        <div hidden>
          <input name="website" autoComplete="off" tabIndex={-1} />
        </div>
      </Form>
    </>
  );
}
