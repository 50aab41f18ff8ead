import { redirect } from "next/navigation";
import { CodesTools } from "@/components/codes-tools";
import { AccountPages } from "@/components/details";
import { Form, Notice } from "@/components/form";
import { flashOf, secretOf } from "@/lib/page";

export const metadata = { title: "Recovery codes" };

const PAGE = "/account/security/recovery-codes";

/** Shows new recovery codes until the user has stored them, for ten minutes at most. The API never returns them again. */
export default async function RecoveryCodes() {
  const flash = await flashOf(PAGE);
  const codes = (await secretOf("recovery-codes"))?.codes;
  if (!codes) redirect("/account/security");
  const text = codes.join("\n");
  return (
    <>
      <AccountPages current="/account/security" />
      <h1>Recovery codes</h1>
      <Notice flash={flash} />
      <p>
        Without your phone, one of these replaces the code of your app. Each works once. Store them where you find them without
        your phone: <strong>they are not shown again</strong>.
      </p>
      <pre className="codes">{text}</pre>
      <p className="actions">
        {/* Works without JavaScript, and needs no address that has the codes. */}
        <a className="button quiet" href={`data:text/plain,${encodeURIComponent(`${text}\n`)}`} download="recovery-codes.txt">
          Download
        </a>
        <CodesTools text={text} />
      </p>
      <Form to={`${PAGE}/submit`} verb="stored" button="I have stored them" isInline />
    </>
  );
}
