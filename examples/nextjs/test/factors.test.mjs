/** Second factors: adding an app, the second step of a sign-in, recovery codes, removal; with and without JavaScript. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import jsQR from "jsqr";
import { launch, PASSWORD, totp, Visitor } from "./browser.mjs";
import { ADMIN } from "./servers.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Read a QR code that is drawn as an SVG: its modules as pixels, four by four. */
async function scan(svg) {
  const scale = 4;
  const size = Number((await svg.getAttribute("viewBox")).split(" ").at(-1));
  const pixels = new Uint8ClampedArray(4 * (size * scale) ** 2).fill(255);
  for (const [, x, y] of (await svg.locator("path").getAttribute("d")).matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let line = 0; line < scale; line += 1) {
      const start = 4 * ((Number(y) * scale + line) * size * scale + Number(x) * scale);
      for (let pixel = 0; pixel < scale; pixel += 1) pixels.fill(0, start + 4 * pixel, start + 4 * pixel + 3);
    }
  }
  return jsQR(pixels, size * scale, size * scale)?.data;
}

async function faultOf(visitor, label) {
  const field = visitor.page.getByLabel(label, { exact: true });
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  return visitor.page.locator(`#${(await field.getAttribute("aria-describedby")).split(" ").at(-1)}`).textContent();
}

for (const javaScriptEnabled of [true, false]) {
  describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    const visit = async (t) => {
      const visitor = await Visitor.of(browser, { javaScriptEnabled });
      t.after(() => visitor.close());
      return visitor;
    };

    test("an app is added by its QR code or its key, and brings recovery codes", async (t) => {
      const ada = await visit(t);
      await ada.signUp();
      await ada.open("/account/security");
      await ada.send("Add an authenticator app", { "Name of the app": "Work phone" });
      const key = await ada.page.locator(".key").textContent();
      assert.match(key, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
      const uri = new URL(await scan(ada.page.locator("svg.qr")));
      assert.equal(uri.protocol, "otpauth:");
      assert.equal(uri.searchParams.get("secret"), key.replaceAll(" ", ""));

      await ada.send("Confirm", { Code: totp(key) === "000000" ? "000001" : "000000" });
      assert.match(await faultOf(ada, "Code"), /^Code is wrong or too old/);
      await ada.send("Confirm", { Code: "12" });
      assert.match(await faultOf(ada, "Code"), /^Code /);
      // The page is the same after each try.
      assert.equal(await ada.page.locator(".key").textContent(), key);
      await ada.send("Confirm", { Code: totp(key) });
      await ada.sees("Work phone is added.");

      const codes = (await ada.page.locator(".codes").textContent()).split("\n");
      assert.equal(codes.length, 10);
      const downloading = ada.page.waitForEvent("download");
      await ada.page.getByRole("link", { name: "Download" }).click();
      const download = await downloading;
      assert.equal(download.suggestedFilename(), "recovery-codes.txt");
      assert.equal(await readFile(await download.path(), "utf8"), `${codes.join("\n")}\n`);
      await ada.press("I have stored them");
      await ada.open("/account/security/recovery-codes");
      await ada.isAt("/account/security");
      await ada.sees("Work phone");
      assert.match(await ada.page.locator("main").textContent(), /You have 10 left/);
    });

    test("a sign-in goes on with a code, after a wrong and a used one", async (t) => {
      const ada = await visit(t);
      const email = await ada.signUp();
      const { key, code } = await ada.addApp();
      await ada.signOut();
      await ada.open("/account/sessions");
      await ada.send("Sign in", { Email: email, Password: PASSWORD });
      await ada.isAt("/login/second-step?next=%2Faccount%2Fsessions");
      const [{ value, ...attributes }] = (await ada.context.cookies()).filter(({ name }) => /second-step/.test(name));
      assert.deepEqual([attributes.name, attributes.httpOnly, attributes.secure], ["__Host-second-step", true, true]);
      const { token } = JSON.parse(Buffer.from(value, "base64url").toString());
      for (const secret of [value, token]) assert.ok(!(await ada.page.content()).includes(secret));
      await ada.send("Continue", { Code: "000000" });
      assert.match(await faultOf(ada, "Code"), /^Code is wrong/);
      await ada.send("Continue", { Code: code });
      assert.equal(await faultOf(ada, "Code"), "Code was used before: wait for the next one");
      await ada.send("Continue", { Code: totp(key, { next: true }).replace(/^.{3}/, "$& ") });
      await ada.isAt("/account/sessions");
      assert.ok(!(await ada.context.cookies()).some(({ name }) => /second-step/.test(name)));
    });

    test("a sign-in goes on with a recovery code, which works once", async (t) => {
      const ada = await visit(t);
      const email = await ada.signUp();
      const { codes } = await ada.addApp();
      await ada.signOut();
      await ada.signIn(email);
      await ada.useRecoveryCode(codes[0].toLowerCase());
      await ada.isAt("/account");
      await ada.signOut();
      await ada.signIn(email);
      await ada.useRecoveryCode(codes[0]);
      assert.match(await faultOf(ada, "Recovery code"), /was used before$/);
      await ada.send("Continue", { "Recovery code": codes[1] }, ada.page.locator("details"));
      await ada.isAt("/account");
      await ada.open("/account/security");
      assert.match(await ada.page.locator("main").textContent(), /You have 8 left/);
    });

    test("renaming, new recovery codes and removal ask for a factor, and go back", async (t) => {
      const ada = await visit(t);
      const email = await ada.signUp();
      const { key, codes } = await ada.addApp();
      const row = ada.page.locator(".rows li");
      const isOpen = () => ada.page.locator(".rows details").evaluate((details) => details.open);
      await row.locator("summary").click();
      await ada.send("Rename My phone", { Name: "Old phone" }, row);
      await ada.isAt("/reauthenticate?next=%2Faccount%2Fsecurity&methods=totp+recovery_code");
      await ada.send("Continue", { Code: "000000" });
      assert.match(await faultOf(ada, "Code"), /^Code is wrong/);
      await ada.send("Continue", { Code: totp(key, { next: true }) });
      await ada.isAt("/account/security");
      // What was typed is still there, in the open form.
      assert.equal(await isOpen(), true);
      assert.equal(await row.getByLabel("Name", { exact: true }).inputValue(), "Old phone");
      await ada.press("Rename My phone");
      await ada.sees("It is now called Old phone.");

      await ada.press("Make new recovery codes");
      await ada.isAt("/account/security/recovery-codes");
      const renewed = (await ada.page.locator(".codes").textContent()).split("\n");
      assert.ok(!renewed.includes(codes[0]));
      await ada.press("I have stored them");
      await row.locator("summary").click();
      await ada.press("Remove Old phone");
      await ada.sees("It is removed.");
      await ada.signOut();
      await ada.signIn(email);
      await ada.isAt("/account");
    });
  });
}

async function visitor(t) {
  const made = await Visitor.of(browser);
  t.after(() => made.close());
  return made;
}

test("a second step that is too late begins again, and so does a page that is opened without a first step", async (t) => {
  const ada = await visitor(t);
  const email = await ada.signUp();
  const { codes } = await ada.addApp();
  await ada.signOut();
  const [{ value: _, ...cookie }] = (await ada.context.cookies()).filter(({ name }) => /device/.test(name));
  const value = Buffer.from(JSON.stringify({ token: "A".repeat(120), methods: ["totp"] })).toString("base64url");
  const makeInvalid = () => ada.context.addCookies([{ ...cookie, name: "__Host-second-step", value }]);
  // The browser deletes the cookie after five minutes; the API refuses the token when the account has changed.
  for (const end of [() => ada.context.clearCookies({ name: "__Host-second-step" }), makeInvalid]) {
    await ada.signIn(email);
    await ada.isAt("/login/second-step");
    await end();
    await ada.useRecoveryCode(codes[0]);
    await ada.isAt("/login");
    await ada.sees("The second step took too long. Sign in again.");
    await ada.open("/login/second-step?next=%2Faccount%2Fsessions");
    await ada.isAt("/login?next=%2Faccount%2Fsessions");
  }
});

test("few recovery codes are pointed out", async (t) => {
  const ada = await visitor(t);
  const email = await ada.signUp();
  const { codes } = await ada.addApp();
  for (const code of codes.slice(0, 7)) {
    await ada.signOut();
    await ada.signIn(email);
    await ada.useRecoveryCode(code);
    await ada.isAt("/account");
  }
  await ada.open("/account/security");
  await ada.sees("Make new ones before you need them.");
});

test("recovery codes and the key of an app are not shown to the next user of the browser", async (t) => {
  const ada = await visitor(t);
  await ada.signUp();
  await ada.open("/account/security");
  await ada.send("Add an authenticator app");
  const cookies = (await ada.context.cookies()).filter(({ name }) => /new-app/.test(name));
  assert.equal(cookies.length, 1);
  await ada.signOut();
  assert.ok(!(await ada.context.cookies()).some(({ name }) => /new-app/.test(name)));
  await ada.signUp();
  await ada.context.addCookies(cookies);
  await ada.open("/account/security/app");
  await ada.isAt("/account/security");
});

test("an administrator removes the second factors of a user", async (t) => {
  const [ada, admin] = [await visitor(t), await visitor(t)];
  const email = await ada.signUp();
  await ada.addApp();
  await admin.signIn(ADMIN.email, ADMIN.password);
  await admin.open(`/admin/users?email=${encodeURIComponent(email)}`);
  await admin.page.getByRole("link", { name: `Remove second factors: ${email}` }).click();
  await admin.sees("Make sure who is asking.");
  await admin.page.getByLabel(/^I have verified/).check();
  await admin.press("Remove second factors");
  await admin.sees("The second factors are removed");
  await ada.open("/account");
  await ada.isAt("/login?next=%2Faccount");
  await ada.signIn(email);
  await ada.isAt("/account");
});
