/** Signing in with a provider that is not ours: `oidc-provider` from npm, an OpenID provider that is certified. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Provider from "oidc-provider";
import { launch, newAddress, Visitor } from "./browser.mjs";
import { freePort, startApi, startApplication, stop } from "./servers.mjs";

const CLIENT = { clientId: "our-client", clientSecret: "a secret: 100% of it" };

let browser, provider, application;
before(async () => {
  const [port, issuerPort] = [await freePort(), await freePort()];
  const issuer = `http://localhost:${issuerPort}`;
  const secret = { acme: { name: "Acme", issuer, ...CLIENT } };
  const api = await startApi(`http://localhost:${port}`, { settings: `ProviderSecret='${JSON.stringify(secret)}'\n` });
  provider = providerOf(issuer, `${api}/api/auth/oauth/acme/callback`).listen(issuerPort, "localhost");
  [browser, application] = await Promise.all([launch(), startApplication(api, port)]);
});
after(async () => {
  await browser?.close();
  provider?.closeAllConnections();
  provider?.close();
  await stop();
});

/** Whoever signs in is verified, and called after their address. As by default, claims are not in the id token. */
function providerOf(issuer, callback) {
  return new Provider(issuer, {
    clients: [{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [callback] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: sub, email_verified: true, name: `${sub.split("@")[0]} of Acme` }),
    }),
  });
}

/** Pass the provider's own pages: a sign-in, and a consent. */
async function passAcme({ page }, email) {
  await page.getByRole("link", { name: "Sign in with Acme" }).click();
  await page.getByPlaceholder("Enter any login").fill(email);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

test("a sign-up, and a sign-in in another browser", async (t) => {
  const email = newAddress();
  for (const next of ["/account", "/account/sessions"]) {
    const ada = await Visitor.of(browser, { at: application.appUrl });
    t.after(() => ada.close());
    await ada.open(next);
    await passAcme(ada, email);
    await ada.isAt(next);
    await ada.open("/account");
    await ada.sees(email);
    assert.equal(await ada.page.getByLabel("Name").inputValue(), `${email.split("@")[0]} of Acme`);
    await ada.open("/account/security");
    await ada.sees(`Acme ${email}`);
    assert.equal(await ada.page.getByRole("button", { name: /^Unlink/ }).count(), 1);
  }
});
