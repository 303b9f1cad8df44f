// An issuer of somebody else's making: node-oidc-provider, which the OpenID Foundation has certified, with its own login
// pages. `node oidc_provider.mjs PORT REDIRECT_URI CLIENT_ID SECRET_FILE PROOF` says "listening" when it is ready.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, redirect, id, secretFile, proof] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: id,
    client_secret: readFileSync(secretFile, 'utf8').trim(),
    redirect_uris: [redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: proof,
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false, // as Google: the address stands in the ID token
  cookies: { keys: ['of a test'] },
  discovery: { token_endpoint_auth_methods_supported: [proof] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@hospital.example`, email_verified: sub !== 'unverified', name: sub }),
  }),
});
createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('listening'));
