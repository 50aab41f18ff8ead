/** Profile, sessions, passwords, addresses, and forms outside the account. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { emailTo, launch, linkIn, newAddress, PASSWORD, Visitor } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Return visitors who are closed after the test, the first one of them signed up. */
async function visitors(t, count = 1, options = {}) {
  const all = await Promise.all(Array.from({ length: count }, () => Visitor.of(browser, options)));
  t.after(() => Promise.all(all.map((each) => each.close())));
  return all;
}

test("a change of the name is refused if another window was faster", async (t) => {
  const [ada] = await visitors(t);
  await ada.signUp();
  const other = new Visitor(await ada.context.newPage(), ada.context);
  await other.open("/account");
  await ada.send("Save", { Name: "Ada King" });
  await ada.sees("Your name is saved.");
  await other.send("Save", { Name: "Ada Byron" });
  await other.sees("Your profile was changed in another window.");
  assert.equal(await other.page.getByLabel("Name").inputValue(), "Ada King");
  await other.send("Save", { Name: "Ada Byron" });
  await other.sees("Your name is saved.");
});

test("an ended session is signed out, and so is a session that was ended with all others", async (t) => {
  const [ada, phone] = await visitors(t, 2);
  const email = await ada.signUp();
  for (const button of [/^End the session of/, /^End all other sessions/]) {
    await phone.signIn(email);
    await ada.open("/account/sessions");
    await ada.press(button);
    await ada.sees(/ended\.$/);
    assert.equal(await ada.page.locator("main li").count(), 1);
    await phone.open("/account/activity");
    await phone.isAt("/login?next=%2Faccount%2Factivity");
    assert.equal((await phone.context.cookies()).filter(({ name }) => /access|refresh/.test(name)).length, 0);
  }
});

test("a change of the password ends the other sessions only", async (t) => {
  const [ada, phone] = await visitors(t, 2);
  const email = await ada.signUp();
  await phone.signIn(email);
  await ada.open("/account/security");
  const password = "another horse battery";
  const form = ada.page.locator("form", { hasText: "Current password" });
  await ada.send("Change password", { "Current password": "wrong horse battery", "New password": password }, form);
  await ada.sees("Invalid credentials");
  await ada.send("Change password", { "Current password": PASSWORD, "New password": password }, form);
  await ada.sees("Your password is changed.");
  await ada.open("/account");
  await ada.isAt("/account");
  await phone.open("/account");
  await phone.isAt("/login?next=%2Faccount");
  await phone.signIn(email, password);
  await phone.isAt("/account");
});

test("a change of the address, and its undo", async (t) => {
  const [ada, phone] = await visitors(t, 2);
  const email = await ada.signUp();
  const newEmail = newAddress();
  await ada.open("/account/security");
  await ada.send("Change email", { "New email": newEmail }, ada.page.locator("form", { hasText: "New email" }));
  await ada.sees(/inbox|confirm/i);
  // With the token alone, in a browser that is not signed in.
  await phone.open(linkIn(await emailTo(newEmail)));
  await phone.send("Confirm");
  await phone.isAt("/");
  await phone.page.getByRole("status").waitFor();
  await ada.open("/account");
  await ada.sees(newEmail);
  await phone.open(linkIn(await emailTo(email, "token=")));
  await phone.send("Confirm");
  await phone.isAt("/");
  // The undo ends every session, and the password, which someone else may know.
  await ada.open("/account");
  await ada.isAt("/login?next=%2Faccount");
  await phone.open(linkIn(await emailTo(email, "reset-password")));
  await phone.send("Save password", { "New password": "another horse battery" });
  await phone.signIn(email, "another horse battery");
  await phone.isAt("/account");
  await phone.sees(email);
});

test("recovery by a link, which works once", async (t) => {
  const [ada] = await visitors(t);
  const email = await ada.signUp();
  await ada.signOut();
  await ada.open("/forgot-password");
  await ada.send("Send a link", { Email: email });
  await ada.page.getByRole("status").waitFor();
  const link = linkIn(await emailTo(email, "reset-password"));
  const password = "another horse battery";
  await ada.open(link);
  await ada.send("Save password", { "New password": password });
  await ada.sees("Your password is saved.");
  await ada.signIn(email, password);
  await ada.isAt("/account");
  await ada.open(link);
  await ada.send("Save password", { "New password": "a third horse battery" });
  await ada.sees("Request another link");
});

test("activity", async (t) => {
  const [ada] = await visitors(t);
  await ada.signUp();
  await ada.open("/account/activity");
  await ada.sees("Account opened");
});

test("closing the account", async (t) => {
  const [ada] = await visitors(t);
  const email = await ada.signUp();
  await ada.page.getByText("Close your account").click();
  await ada.page.getByLabel("Delete everything").check();
  await ada.press("Close my account");
  await ada.sees("Your account is closed.");
  await ada.signIn(email);
  await ada.sees("Invalid credentials");
});

for (const javaScriptEnabled of [true, false]) {
  test(`the contact form, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async (t) => {
    const [ada] = await visitors(t, 1, { javaScriptEnabled });
    await ada.open("/contact");
    const fields = { Name: "Ada", Email: "ada@localhost", Message: "Good morning" };
    await ada.send("Send", fields);
    // The page of the API, which keeps what was typed.
    await ada.sees(/is not a valid email address/i);
    assert.equal(await ada.page.locator("[name=message]").inputValue(), "Good morning");
    await ada.page.locator("[name=email]").fill("ada@example.com");
    await ada.press(/send/i);
    await ada.isAt("/contact/thanks");
  });
}

test("the contact form marks the fields that the query names, with texts of its own", async (t) => {
  const [ada] = await visitors(t);
  const errors = [{ field: "email", message: "call 555" }, { field: "x", message: "call 555" }];
  const query = new URLSearchParams({ code: "validation_failed", errors: JSON.stringify(errors) });
  await ada.open(`/contact?${query}`);
  await ada.sees("Email is missing or invalid");
  assert.equal(await ada.page.getByText("call 555").count(), 0);
});
