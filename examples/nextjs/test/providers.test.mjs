/** Signing in with a provider, the runner's own: sign-up, sign-in, linking, unlinking; with and without JavaScript. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { APPLICATION, emailTo, launch, newAddress, PASSWORD, Visitor } from "./browser.mjs";

const SECURITY = "/account/security";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const visit = async (t, options) => {
  const visitor = await Visitor.of(browser, options);
  t.after(() => visitor.close());
  return visitor;
};

/** Return the path of the emailed link that adds a provider. */
async function linkTo(email) {
  const { pathname, search } = new URL(/https?:\/\/\S+\/auth\/callback\?code=[\w-]+/.exec(await emailTo(email, "/auth/callback"))[0]);
  return pathname + search;
}

/** Sign up, and link an account of the local provider, whose address is another one. */
async function withLinkedAccount(t) {
  const ada = await visit(t);
  const email = await ada.signUp();
  const elsewhere = newAddress();
  await ada.open(SECURITY);
  await ada.goToProvider("Link Local provider");
  await ada.passProvider(elsewhere);
  await ada.sees("The account is linked.");
  return { ada, email, elsewhere };
}

async function signInWith(visitor, email, options) {
  await visitor.open("/login");
  await visitor.goToProvider();
  await visitor.passProvider(email, options);
}

for (const script of [true, false]) {
  describe(script ? "with JavaScript" : "without JavaScript", () => {
    test("a sign-up, and a sign-in to the page that was asked for", async (t) => {
      const ada = await visit(t, { javaScriptEnabled: script });
      const email = newAddress();
      await signInWith(ada, email, { script });
      await ada.isAt("/account");
      assert.match(await ada.page.locator("main").textContent(), new RegExp(email));
      await ada.signOut();

      await ada.open("/account/sessions");
      await ada.goToProvider();
      const [{ name, value, httpOnly, secure, sameSite }] = (await ada.context.cookies(APPLICATION)).filter(({ name: each }) => /provider/.test(each));
      assert.deepEqual([name, httpOnly, secure, sameSite], ["__Host-provider-flow", true, true, "Lax"]);
      const { codeVerifier } = JSON.parse(Buffer.from(value, "base64url").toString());
      for (const secret of [value, codeVerifier]) assert.ok(!ada.page.url().includes(secret));
      await ada.passProvider(email, { script });
      await ada.isAt("/account/sessions");
      assert.ok(!(await ada.context.cookies(APPLICATION)).some(({ name: each }) => /provider/.test(each)));
    });

    test("the email's link adds the provider where the sign-in began", async (t) => {
      const ada = await visit(t, { javaScriptEnabled: script });
      const email = await ada.signUp();
      await ada.signOut();
      await signInWith(ada, email);
      await ada.sees("There is an account with this address.");
      await ada.open(await linkTo(email));
      await ada.press("Link", ada.page.locator("main"));
      await ada.isAt(SECURITY);
      await ada.sees("The account is linked.");
      await ada.signOut();
      await signInWith(ada, email, { script });
      await ada.isAt("/account");
    });
  });
}

test("elsewhere, the email's link asks to sign in first", async (t) => {
  const ada = await visit(t);
  const email = await ada.signUp();
  await ada.signOut();
  await signInWith(ada, email);
  await ada.sees("There is an account with this address.");
  const link = await linkTo(email);

  const phone = await visit(t);
  await phone.open(link);
  assert.equal(await phone.page.locator("main").getByRole("button").count(), 0);
  await phone.page.locator("main").getByRole("link", { name: "Sign in" }).click();
  await phone.send("Sign in", { Email: email, Password: PASSWORD });
  await phone.isAt(link);
  await phone.press("Link", phone.page.locator("main"));
  await phone.sees("The account is linked.");
  await phone.sees(`Local provider ${email}`);
});

test("an account is linked in the settings, signs in, and is unlinked", async (t) => {
  const { ada, email, elsewhere } = await withLinkedAccount(t);
  await ada.isAt(SECURITY);
  await ada.sees(elsewhere);
  await ada.open("/account/activity");
  await ada.sees("Account of a provider linked");
  const phone = await visit(t);
  await signInWith(phone, elsewhere);
  await phone.isAt("/account");
  await phone.sees(email);

  await ada.open(SECURITY);
  await ada.press(`Unlink Local provider ${elsewhere}`);
  await ada.sees("The account is unlinked.");
  assert.equal(await ada.page.getByRole("button", { name: /^Unlink/ }).count(), 0);
  await ada.open("/account/activity");
  await ada.sees("Account of a provider unlinked");
});

test("with a factor, linking and unlinking ask for it, and so does a sign-in", async (t) => {
  const { ada, elsewhere } = await withLinkedAccount(t);
  const { codes } = await ada.addApp();
  await ada.press(`Unlink Local provider ${elsewhere}`);
  await ada.isAt(`/reauthenticate?next=%2Faccount%2Fsecurity&methods=totp+recovery_code`);
  await ada.open(SECURITY);
  await ada.page.getByRole("link", { name: "Link Local provider" }).click();
  await ada.isAt(`/reauthenticate?next=%2Faccount%2Fsecurity&methods=totp+recovery_code`);

  const phone = await visit(t);
  await signInWith(phone, elsewhere);
  await phone.isAt("/login/second-step?next=%2Faccount");
  await phone.useRecoveryCode(codes[0]);
  await phone.isAt("/account");

  await ada.useRecoveryCode(codes[1]);
  await ada.isAt(SECURITY);
  await ada.press(`Unlink Local provider ${elsewhere}`);
  await ada.sees("The account is unlinked.");
});

test("an account without a password has its provider as a proof, and keeps it", async (t) => {
  const ada = await visit(t);
  const email = newAddress();
  await signInWith(ada, email);
  await ada.isAt("/account");
  await ada.open("/reauthenticate?next=/account/sessions&methods=email+provider");
  await ada.goToProvider("Continue with Local provider");
  await ada.passProvider(email);
  await ada.isAt("/account/sessions");
  // The session is the same.
  assert.equal(await ada.page.locator(".rows li").count(), 1);
  await ada.open(SECURITY);
  await ada.press(`Unlink Local provider ${email}`);
  await ada.sees("This is your last way to sign in");
  await ada.sees(`Local provider ${email}`);
});

test("what goes wrong is told, and nothing is repeated", async (t) => {
  const ada = await visit(t);
  await ada.open("/login");
  await ada.goToProvider();
  await ada.page.getByRole("button", { name: "Cancel" }).click();
  await ada.sees("The sign-in was cancelled.");
  await signInWith(ada, newAddress(), { verified: false });
  await ada.sees("The provider has not verified your address.");
  // This browser has a verifier, but of another sign-in.
  const sent = [];
  ada.page.on("request", (request) => request.method() === "POST" && sent.push(new URL(request.url()).pathname));
  await ada.open("/auth/callback?code=stolen&next=//evil.example");
  await ada.sees("This link or code is invalid");
  // The script of the page has run.
  await ada.page.waitForLoadState("networkidle");
  assert.deepEqual(sent, ["/auth/callback/submit"]);
  await ada.open("/auth/callback?error=%3Cb%3ECall+0800");
  await ada.sees("The sign-in with the provider has failed.");
  assert.ok(!(await ada.page.locator("main").textContent()).includes("0800"));
});

test("another site's link begins nothing", async () => {
  const start = (site) =>
    fetch(`${APPLICATION}/auth/start?provider=local`, { redirect: "manual", headers: { "Sec-Fetch-Site": site } });
  const [own, other] = [await start("same-origin"), await start("cross-site")];
  assert.match(own.headers.get("location"), /\/api\/auth\/oauth\/local\?codeChallenge=[\w-]{43}&next=%2Faccount$/);
  assert.match(own.headers.get("set-cookie"), /__Host-provider-flow=/);
  assert.deepEqual([other.headers.get("location"), other.headers.get("set-cookie")], ["/login", null]);
});
