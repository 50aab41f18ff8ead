/** Chromium, and what people do in it. */
import { existsSync } from "node:fs";
import { createHmac, randomUUID } from "node:crypto";
import { chromium } from "playwright-core";

export const API = process.env.EXAMPLE_API;
export const APPLICATION = process.env.EXAMPLE_APPLICATION;
export const REFRESHING = process.env.EXAMPLE_REFRESHING;
export const PASSWORD = "correct horse battery";

const USUAL = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

export function findChromium() {
  return [process.env.CHROMIUM, ...USUAL].find((path) => path && existsSync(path));
}

export function launch() {
  return chromium.launch({
    executablePath: findChromium(),
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
      "--disable-component-update", "--disable-default-apps", "--disable-sync", "--no-first-run"],
  });
}

export function newAddress() {
  return `ada-${randomUUID()}@example.com`;
}

/** Wait for the newest email to an address that contains a text. Returns its text. */
export async function emailTo(address, containing = "") {
  for (let tries = 0; tries < 400; tries += 1) {
    const inbox = await (await fetch(`${API}/_local/inbox.json`)).json();
    const found = inbox.find(({ to, text }) => to === address && text.includes(containing));
    if (found) return found.text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`There is no email to ${address} with "${containing}"`);
}

/** Return the path that an email's link has in the application. */
export function linkIn(text) {
  const { pathname, search } = new URL(/https?:\/\/\S+token=[\w-]+/.exec(text)[0]);
  return pathname + search;
}

export function codeIn(text) {
  return /^(\d{6})$/m.exec(text)[1];
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Return the code that an authenticator app shows (RFC 6238), or the one after it. The API accepts both, in this order. */
export function totp(key, { next = false } = {}) {
  const bits = [...key.replaceAll(" ", "")].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + (next ? 1 : 0)));
  const digest = createHmac("sha1", secret).update(step).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** A browser of its own, with what people do in it. */
export class Visitor {
  static async of(browser, { at = APPLICATION, ...options } = {}) {
    const context = await browser.newContext({ baseURL: at, ...options });
    context.setDefaultTimeout(15_000);
    return new Visitor(await context.newPage(), context);
  }

  constructor(page, context) {
    this.page = page;
    this.context = context;
  }

  close() {
    return this.context.close();
  }

  open(path) {
    return this.page.goto(path);
  }

  get path() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  /** Fill in the fields with these labels, press the button, and wait for the page that follows. */
  async send(button, fields = {}, within = this.page.locator("main")) {
    for (const [label, text] of Object.entries(fields)) await within.getByLabel(label, { exact: true }).fill(text);
    await this.press(button, within);
  }

  async press(button, within = this.page) {
    const navigated = this.page.waitForEvent("framenavigated");
    await within.getByRole("button", { name: button, exact: typeof button === "string" }).click();
    await navigated;
    await this.page.waitForLoadState();
  }

  async sees(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** Wait until the page is another one. */
  async isAt(path) {
    await this.page.waitForURL((url) => url.pathname + url.search === path);
  }

  async register({ email = newAddress(), name = "Ada Lovelace", password = PASSWORD } = {}) {
    await this.open("/register");
    await this.send("Create account", { Name: name, Email: email, Password: password });
    await this.isAt("/verify-email");
    return email;
  }

  /** Register and confirm by the email's link. */
  async signUp(who) {
    const email = await this.register(who);
    await this.open(linkIn(await emailTo(email)));
    await this.send("Confirm");
    await this.isAt("/account");
    return email;
  }

  /** Sign up by email, without a password. */
  async signUpByEmail({ email = newAddress(), name = "Ada Lovelace" } = {}) {
    await this.open("/login/email");
    await this.send("Email me", { Email: email, "Name (optional)": name });
    await this.send("Sign in", { Code: codeIn(await emailTo(email, "open an account")) });
    await this.isAt("/account");
    return email;
  }

  async signIn(email, password = PASSWORD) {
    await this.open("/login");
    await this.send("Sign in", { Email: email, Password: password });
  }

  /** Follow the link with this name to the runner's local provider. */
  async goToProvider(link = "Sign in with Local provider") {
    await this.page.getByRole("link", { name: link }).click();
    await this.page.getByRole("heading", { name: "Who signs in?" }).waitFor();
  }

  /** Say who one is at the local provider, and come back. Without JavaScript, a button ends the sign-in. */
  async passProvider(email, { name = "Ada Lovelace", verified = true, button = "Continue", script = true } = {}) {
    await this.page.getByLabel("Email").fill(email);
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("The address is verified").setChecked(verified);
    await this.page.getByRole("button", { name: "Continue", exact: true }).click();
    await this.page.waitForURL((url) => url.origin === new URL(APPLICATION).origin);
    if (!script) await this.press(button, this.page.locator("main"));
  }

  /** Add an authenticator app. Returns its key, the code that has confirmed it, and the recovery codes. */
  async addApp(name = "My phone") {
    await this.open("/account/security");
    await this.send("Add an authenticator app", { "Name of the app": name });
    await this.isAt("/account/security/app");
    const key = await this.page.locator(".key").textContent();
    const code = totp(key);
    await this.send("Confirm", { Code: code });
    await this.isAt("/account/security/recovery-codes");
    const codes = (await this.page.locator(".codes").textContent()).split("\n");
    await this.press("I have stored them");
    await this.isAt("/account/security");
    return { key, code, codes };
  }

  /** Use a recovery code, where another proof is the first choice. */
  async useRecoveryCode(code) {
    await this.page.getByText("Use a recovery code instead").click();
    await this.send("Continue", { "Recovery code": code }, this.page.locator("details"));
  }

  async signOut() {
    await this.press("Sign out");
    await this.sees("You are signed out.");
  }
}
