/** Signing up, in and out, with and without JavaScript. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { codeIn, emailTo, launch, linkIn, newAddress, PASSWORD, Visitor } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

for (const javaScriptEnabled of [true, false]) {
  describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    let visitor;
    const visit = async () => {
      visitor = await Visitor.of(browser, { javaScriptEnabled });
      return visitor;
    };
    const leave = () => visitor.close();

    test("sign up by the link, sign out, sign in", async (t) => {
      t.after(leave);
      const ada = await visit();
      const email = await ada.signUp();
      await ada.sees("Welcome, Ada Lovelace. Your address is confirmed.");
      await ada.sees(email);
      await ada.signOut();
      await ada.signIn(email);
      await ada.isAt("/account");
    });

    test("sign up by the code", async (t) => {
      t.after(leave);
      const ada = await visit();
      const email = await ada.register();
      const code = codeIn(await emailTo(email));
      await ada.send("Confirm", { Code: code === "000000" ? "000001" : "000000" });
      await ada.sees("This link or code is invalid or expired");
      await ada.send("Confirm", { Code: code });
      await ada.isAt("/account");
    });

    test("a link in another browser needs the password", async (t) => {
      const elsewhere = await Visitor.of(browser, { javaScriptEnabled });
      t.after(() => Promise.all([leave(), elsewhere.close()]));
      const email = await (await visit()).register();
      await elsewhere.open(linkIn(await emailTo(email)));
      await elsewhere.send("Confirm");
      await elsewhere.send("Confirm", { Password: PASSWORD });
      await elsewhere.isAt("/account");
    });

    test("a wrong password is not accepted, and the address stays", async (t) => {
      t.after(leave);
      const ada = await visit();
      const email = newAddress();
      await ada.signIn(email, "wrong horse battery");
      await ada.sees("Invalid credentials");
      assert.equal(await ada.page.getByLabel("Email").inputValue(), email);
      assert.equal(await ada.page.getByLabel("Password").inputValue(), "");
    });

    test("a fault is beside its field, which has the focus", async (t) => {
      t.after(leave);
      const ada = await visit();
      await ada.open("/register");
      await ada.send("Create account", { Name: "Ada", Email: newAddress(), Password: "password" });
      const field = ada.page.getByLabel("Password");
      assert.equal(await field.getAttribute("aria-invalid"), "true");
      assert.equal(await ada.page.locator("*:focus").getAttribute("name"), "password");
      const description = (await field.getAttribute("aria-describedby")).split(" ").at(-1);
      assert.match(await ada.page.locator(`#${description}`).textContent(), /^Password /);
      // What the form has led to is shown once.
      await ada.page.reload();
      assert.equal(await ada.page.getByLabel("Password").getAttribute("aria-invalid"), null);
    });

    test("a protected page asks to sign in, and then is shown", async (t) => {
      t.after(leave);
      const ada = await visit();
      const email = await ada.signUp();
      await ada.signOut();
      await ada.open("/account/sessions");
      await ada.isAt("/login?next=%2Faccount%2Fsessions");
      await ada.send("Sign in", { Email: email, Password: PASSWORD });
      await ada.isAt("/account/sessions");
    });
  });
}
