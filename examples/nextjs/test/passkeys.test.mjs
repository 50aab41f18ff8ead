/** Passkeys, made and used by Chromium with a virtual authenticator, and signing in by email. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { codeIn, emailTo, launch, linkIn, newAddress, PASSWORD, REFRESHING, totp, Visitor } from "./browser.mjs";

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

/** Give a visitor a phone that verifies its user, and whose passkeys are found without a name. */
async function addAuthenticator({ page, context }, options = {}) {
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  });
  return {
    credentials: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    clear: () => devtools.send("WebAuthn.clearCredentials", { authenticatorId }),
    /** Show nobody, so that nothing is signed before a button is pressed. */
    rest: (isResting) =>
      devtools.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: !isResting }),
  };
}

/** Press a button that asks for a passkey, and then show the user: otherwise the autofill would be answered before. */
async function press({ page }, button, phone) {
  await page.getByRole("button", { name: button }).click();
  await phone.rest(false);
}

/** Register a passkey as the first factor of a new account. */
async function withPasskey(t) {
  const ada = await visit(t);
  const phone = await addAuthenticator(ada);
  const email = await ada.signUp();
  await ada.open("/account/security");
  await ada.send("Add a passkey", { "Name of the passkey (optional)": "Pocket" });
  await ada.isAt("/account/security/recovery-codes");
  const codes = (await ada.page.locator(".codes").textContent()).split("\n");
  await ada.press("I have stored them");
  return { ada, phone, email, codes };
}

describe("a passkey", () => {
  test("is added, shown, and signs in without a name and a password", async (t) => {
    const { ada, phone, codes } = await withPasskey(t);
    assert.equal(codes.length, 10);
    assert.equal((await phone.credentials()).length, 1);
    const row = ada.page.locator(".rows li");
    assert.match(await row.textContent(), /Pocket passkey.*on one device only/s);
    await phone.rest(true);
    await ada.signOut();
    await ada.open("/account/sessions");
    await ada.isAt("/login?next=%2Faccount%2Fsessions");
    await press(ada, "Sign in with a passkey", phone);
    await ada.isAt("/account/sessions");
  });

  test("signs in by the autofill of the email field", async (t) => {
    const { ada } = await withPasskey(t);
    await ada.signOut();
    // The virtual authenticator answers as soon as autofill offers its passkey.
    await ada.open("/login");
    await ada.isAt("/account");
  });

  test("is the second step after a password, and what makes a session fresh", async (t) => {
    const { ada, phone, email } = await withPasskey(t);
    await phone.rest(true);
    await ada.signOut();
    await ada.signIn(email);
    await ada.isAt("/login/second-step");
    await press(ada, "Use a passkey", phone);
    await ada.isAt("/account");
    await ada.open("/reauthenticate?methods=passkey&next=%2Faccount%2Fsessions");
    await ada.press("Use a passkey");
    await ada.isAt("/account/sessions");
    await ada.open("/account/security");
    const row = ada.page.locator(".rows li");
    await row.locator("summary").click();
    await ada.press("Remove Pocket");
    await ada.sees("It is removed.");
    assert.equal(await row.count(), 0);
  });

  test("that the API does not know, and a user who closes the dialog, are told what to do", async (t) => {
    const { ada, phone } = await withPasskey(t);
    const row = ada.page.locator(".rows li");
    await row.locator("summary").click();
    // The session has not proved the new factor yet.
    await ada.press("Remove Pocket");
    await ada.press("Use a passkey");
    await ada.isAt("/account/security");
    await row.locator("summary").click();
    await ada.press("Remove Pocket");
    await phone.rest(true);
    await ada.signOut();
    await ada.open("/login");
    await press(ada, "Sign in with a passkey", phone);
    await ada.sees("No account has this passkey, or it took too long.");
    await phone.clear();
    await press(ada, "Sign in with a passkey", phone);
    await ada.sees("There was no passkey. Try again, or use another way.");
  });

  test("is asked for a recent proof before it is added", async (t) => {
    const { ada } = await withPasskey(t);
    await addAuthenticator(ada, { transport: "usb" });
    await ada.page.getByRole("button", { name: "Add a passkey" }).click();
    await ada.isAt("/reauthenticate?next=%2Faccount%2Fsecurity&methods=passkey+recovery_code");
  });

  test("is not offered where nothing can use it", async (t) => {
    const ada = await visit(t, { javaScriptEnabled: false });
    await ada.open("/login");
    assert.equal(await ada.page.getByRole("button", { name: "Sign in with a passkey" }).count(), 0);
  });

  test("that lacks parts is refused like an unknown one", async (t) => {
    const ada = await visit(t);
    for (const credential of ["", "null", "[1]", '{"id": 1, "response": {"signature": "x"}}']) {
      await ada.open("/login");
      const form = ada.page.locator("form", { has: ada.page.locator("[name=credential]") });
      const navigated = ada.page.waitForEvent("framenavigated");
      await form.evaluate((element, value) => {
        element.elements.credential.value = value;
        element.submit();
      }, credential);
      await navigated;
      await ada.sees("No account has this passkey, or it took too long.");
    }
  });

  test("has options for pages of this application only", async (t) => {
    const ada = await visit(t);
    const { status } = await ada.context.request.fetch("/passkey/options?for=get", {
      method: "POST",
      headers: { Origin: "https://evil.example" },
    }).then((response) => ({ status: response.status() }));
    assert.equal(status, 403);
  });
});

for (const javaScriptEnabled of [true, false]) {
  describe(`an email, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () => {
    test("signs in by its code, after a wrong one", async (t) => {
      const ada = await visit(t, { javaScriptEnabled });
      const email = await ada.signUp();
      await ada.signOut();
      await ada.open("/account/sessions");
      await ada.page.getByRole("link", { name: "Email me a link or a code" }).click();
      await ada.send("Email me", { Email: email });
      const code = codeIn(await emailTo(email, "/login/email"));
      await ada.send("Sign in", { Code: code === "000000" ? "000001" : "000000" });
      await ada.sees("This link or code is invalid or expired");
      await ada.send("Sign in", { Code: code });
      await ada.isAt("/account/sessions");
    });

    test("signs in by its link, which works once and only when its button is pressed", async (t) => {
      const ada = await visit(t, { javaScriptEnabled });
      const email = await ada.signUp();
      await ada.signOut();
      await ada.open("/login/email");
      await ada.send("Email me", { Email: email });
      const link = linkIn(await emailTo(email, "/login/email"));
      const elsewhere = await visit(t, { javaScriptEnabled });
      for (let scans = 0; scans < 3; scans += 1) await elsewhere.open(link);
      await elsewhere.press("Sign in", elsewhere.page.locator("main"));
      await elsewhere.isAt("/account");
      await ada.open(link);
      await ada.press("Sign in", ada.page.locator("main"));
      await ada.sees("This link or code is invalid or expired");
    });

    test("leads to the second step of an account with a factor", async (t) => {
      const ada = await visit(t, { javaScriptEnabled });
      const email = await ada.signUp();
      const { key } = await ada.addApp();
      await ada.signOut();
      await ada.open("/login/email");
      await ada.send("Email me", { Email: email });
      await ada.open(linkIn(await emailTo(email, "/login/email")));
      await ada.press("Sign in", ada.page.locator("main"));
      await ada.isAt("/login/second-step");
      await ada.send("Continue", { Code: totp(key, { next: true }) });
      await ada.isAt("/account");
    });

    test("opens an account by its code, with the name that was given", async (t) => {
      const ada = await visit(t, { javaScriptEnabled });
      await ada.open("/register");
      await ada.page.getByRole("link", { name: "Sign up by email, without a password" }).click();
      await ada.isAt("/login/email");
      const email = await ada.signUpByEmail({ name: "Ada King" });
      await ada.sees(email);
      assert.equal(await ada.page.getByLabel("Name", { exact: true }).inputValue(), "Ada King");
    });

    test("opens an account by its link, without a name, only in the browser that asked for it", async (t) => {
      const [ada, elsewhere] = [await visit(t, { javaScriptEnabled }), await visit(t, { javaScriptEnabled })];
      const email = newAddress();
      await ada.open("/login/email");
      await ada.send("Email me", { Email: email });
      const link = linkIn(await emailTo(email, "open an account"));
      await elsewhere.open(link);
      await elsewhere.press("Sign in", elsewhere.page.locator("main"));
      await elsewhere.sees("Open it there, or enter its code there.");
      await elsewhere.page.getByRole("link", { name: "Ask for another email" }).click();
      await elsewhere.isAt("/login/email");
      // Nothing was used up.
      await ada.open(link);
      await ada.press("Sign in", ada.page.locator("main"));
      await ada.isAt("/account");
      assert.equal(await ada.page.getByLabel("Name", { exact: true }).inputValue(), email.split("@")[0]);
    });

    test("proves who is there, for the first password of an account", async (t) => {
      const ada = await visit(t, { javaScriptEnabled });
      await ada.signUpByEmail();
      // An address gets one email of a kind a minute, so the next one is for another address.
      const email = newAddress();
      await ada.open("/account/security");
      await ada.send("Change email", { "New email": email }, ada.page.locator("form", { hasText: "New email" }));
      await ada.open(linkIn(await emailTo(email)));
      await ada.send("Confirm");
      await ada.isAt("/");
      // Cookies are for all ports of a host.
      await ada.open(`${REFRESHING}/account/security`);
      const form = ada.page.locator("details", { hasText: "Your account has no password yet?" });
      await form.locator("summary").click();
      await ada.send("Set password", { "New password": PASSWORD }, form);
      await ada.isAt("/reauthenticate?next=%2Faccount%2Fsecurity&methods=email");
      await ada.press("Email me a code");
      const code = codeIn(await emailTo(email, "wants to sign in"));
      const field = ada.page.getByLabel("Code", { exact: true });
      for (const wrong of ["12", code === "000000" ? "000001" : "000000"]) {
        await ada.send("Continue", { Code: wrong });
        assert.equal(await field.getAttribute("aria-invalid"), "true");
      }
      await ada.sees("Code is wrong, too old, or was tried too often");
      await ada.send("Continue", { Code: code });
      await ada.isAt("/account/security");
      // Nothing is left of the request.
      assert.ok(!(await ada.context.cookies()).some(({ name }) => /email-request/.test(name)));
      // The form is still open.
      await ada.send("Set password", { "New password": PASSWORD }, form);
      await ada.sees("Your password is set.");
      await ada.signOut();
      await ada.signIn(email);
      await ada.isAt("/account");
    });

    test("looks the same for an address without an account", async (t) => {
      const eve = await visit(t, { javaScriptEnabled });
      const email = newAddress();
      await eve.open("/login/email");
      await eve.send("Email me", { Email: email });
      await eve.sees(email);
      await eve.send("Sign in", { Code: "123456" });
      await eve.sees("This link or code is invalid or expired");
      await eve.press("Use another address");
      await eve.page.getByLabel("Email", { exact: true }).waitFor();
    });
  });
}
