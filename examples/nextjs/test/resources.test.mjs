/** Notes and the administration of users. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { emailTo, launch, linkIn, newAddress, PASSWORD, Visitor } from "./browser.mjs";
import { ADMIN } from "./servers.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function visitor(t, options) {
  const made = await Visitor.of(browser, options);
  t.after(() => made.close());
  return made;
}

for (const javaScriptEnabled of [true, false]) {
  test(`notes, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async (t) => {
    const ada = await visitor(t, { javaScriptEnabled });
    await ada.signUp();
    await ada.open("/notes");
    await ada.sees("There are no notes yet.");
    await ada.send("Add note", { Title: "Milk", "Text (optional)": "Two liters" });
    await ada.sees("Two liters");
    await ada.press("Done: Milk");
    await ada.press("Reopen: Milk");
    await ada.press("Delete: Milk");
    await ada.sees("There are no notes yet.");
  });
}

test("a note that is sent twice is there once", async (t) => {
  const ada = await visitor(t);
  await ada.signUp();
  await ada.open("/notes");
  const form = ada.page.locator("form", { hasText: "Title" });
  await form.getByLabel("Title").fill("Milk");
  const send = () =>
    form.evaluate(async (element) => {
      const body = new URLSearchParams(new FormData(element));
      return (await fetch(element.getAttribute("action"), { method: "POST", body })).status;
    });
  await send();
  await send();
  await ada.open("/notes");
  assert.equal(await ada.page.locator("main li").count(), 1);
});

test("an administrator finds, invites, disables and enables users", async (t) => {
  const [admin, guest] = [await visitor(t), await visitor(t)];
  await admin.signIn(ADMIN.email, ADMIN.password);
  await admin.isAt("/account");
  await admin.open("/admin/users");
  const email = newAddress();
  await admin.send("Send invitation", { Name: "Grace Hopper", "Email of the user": email });
  await admin.sees("An invitation is on its way");
  // The invitation is accepted.
  await guest.open(linkIn(await emailTo(email)));
  await guest.send("Save password", { "New password": PASSWORD });
  await guest.signIn(email);
  await guest.isAt("/account");

  await admin.send("Search", { Email: email });
  await admin.isAt(`/admin/users?${new URLSearchParams({ email })}`);
  assert.equal(await admin.page.locator("main li").count(), 1);
  await admin.press(`Disable: ${email}`);
  await admin.sees("Grace Hopper can no longer sign in.");
  await guest.open("/account");
  await guest.isAt("/login?next=%2Faccount");
  await admin.press(`Enable: ${email}`);
  await admin.sees("Grace Hopper can sign in again.");
  await admin.press(`Make admin: ${email}`);
  await admin.sees("Grace Hopper is now an administrator.");
  await admin.press(`Make user: ${email}`);
  await admin.sees("Grace Hopper is now a user.");
});

test("others do not see the users", async (t) => {
  const ada = await visitor(t);
  await ada.signUp();
  await ada.open("/admin/users");
  await ada.sees("There is no such page");
});
