/** axe-core on every page: wide in light and dark, and on a phone. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, newAddress, totp, Visitor } from "./browser.mjs";
import { ADMIN } from "./servers.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDE = { width: 1100, height: 720 };
const PHONE = { width: 360, height: 720 };
const PUBLIC = ["/", "/register", "/login", "/login/email", "/login/email?token=x", "/verify-email", "/verify-email?token=x", "/forgot-password",
  "/reset-password?token=x", "/auth/callback?code=x", "/auth/callback?error=link_required", "/contact", "/contact/thanks", "/no-such-page"];
const PRIVATE = ["/account", "/account/security", "/account/sessions", "/account/activity", "/notes", "/reauthenticate",
  "/reauthenticate?methods=email", "/admin/users"];

let browser, session;
before(async () => {
  browser = await launch();
  const admin = await Visitor.of(browser);
  await admin.signIn(ADMIN.email, ADMIN.password);
  await admin.open("/notes");
  await admin.send("Add note", { Title: "Milk" });
  session = await admin.context.storageState();
});
after(() => browser.close());

async function check({ page }, path) {
  // Not as a script of the page, which its Content-Security-Policy refuses.
  await page.evaluate(AXE);
  const rules = async (when, options = {}) => {
    const { violations } = await page.evaluate(`axe.run(${JSON.stringify({ resultTypes: ["violations"], ...options })})`);
    const found = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(found.map(({ id, nodes }) => [id, nodes[0].html]), [], `${path}, ${when}`);
  };
  await page.setViewportSize(WIDE);
  await rules("light");
  await page.emulateMedia({ colorScheme: "dark" });
  // Nothing else depends on the colors.
  await rules("dark", { runOnly: ["color-contrast"] });
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(PHONE);
  await rules("on a phone");
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide on a phone`);
}

for (const [who, paths] of Object.entries({ everyone: PUBLIC, administrators: PRIVATE })) {
  test(`the pages for ${who}`, async (t) => {
    const visitor = await Visitor.of(browser, { storageState: paths === PRIVATE ? session : undefined });
    t.after(() => visitor.close());
    for (const path of paths) {
      await visitor.open(path);
      assert.equal(visitor.path, path);
      await check(visitor, path);
    }
  });
}

test("a form with a fault", async (t) => {
  const visitor = await Visitor.of(browser);
  t.after(() => visitor.close());
  await visitor.open("/register");
  await visitor.send("Create account", { Name: "Ada", Email: newAddress(), Password: "password" });
  await check(visitor, "/register");
});

test("the pages of second factors", async (t) => {
  const visitor = await Visitor.of(browser);
  const admin = await Visitor.of(browser, { storageState: session });
  t.after(() => Promise.all([visitor.close(), admin.close()]));
  const email = await visitor.signUp();
  await visitor.open("/account/security");
  await visitor.send("Add an authenticator app");
  await check(visitor, "/account/security/app");
  const key = await visitor.page.locator(".key").textContent();
  await visitor.send("Confirm", { Code: totp(key) });
  await visitor.isAt("/account/security/recovery-codes");
  await check(visitor, "/account/security/recovery-codes");
  await visitor.press("I have stored them");
  await visitor.page.getByText("Rename or remove").click();
  await check(visitor, "/account/security");
  await visitor.press("Make new recovery codes");
  await visitor.isAt("/reauthenticate?next=%2Faccount%2Fsecurity&methods=totp+recovery_code");
  await check(visitor, "/reauthenticate");
  await visitor.signOut();
  await visitor.signIn(email);
  await visitor.isAt("/login/second-step");
  await visitor.page.getByText("Use a recovery code instead").click();
  await check(visitor, "/login/second-step");
  await admin.open(`/admin/users?email=${encodeURIComponent(email)}`);
  await admin.page.getByRole("link", { name: "Remove second factors" }).click();
  await admin.page.waitForURL(/factors/);
  await check(admin, "/admin/users/factors");
});
