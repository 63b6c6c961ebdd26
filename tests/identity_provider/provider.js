// The provider of the tests: `oidc-provider` on loopback. Its configuration comes on standard input as one JSON object:
// {port, clients, jwks, levels, claims: {subject: {name, ...}}}. It says "ready" on standard output, and ends with its input.
//
// Who logs in is said by whoever walks to the log-in page: /interaction/…?as=subject&level=… is the log-in, without a
// password; ?as= (empty) is a visitor who breaks off. A new line on standard input is a new set of signing keys.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider, { errors } from 'oidc-provider';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const given = JSON.parse((await lines.next()).value);
const issuer = `http://127.0.0.1:${given.port}`;

function make(jwks) {
  const provider = new Provider(issuer, {
    clients: given.clients,
    jwks,
    acrValues: given.levels,
    claims: { openid: ['sub'], profile: ['name', 'capacity', 'organisation', 'organisation_name'], acr: null, auth_time: null },
    conformIdTokenClaims: false,
    cookies: { keys: ['cookies of the tests'] },
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256'],
      idTokenEncryptionAlgValues: ['RSA-OAEP-256', 'ECDH-ES'],
      idTokenEncryptionEncValues: ['A128CBC-HS256', 'A256GCM'],
      clientAuthSigningAlgValues: ['ES256'],
    },
    features: { devInteractions: { enabled: false }, encryption: { enabled: true }, claimsParameter: { enabled: true } },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...given.claims[id] }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope(ctx.oidc.params.scope);
      await grant.save();
      return grant;
    },
    ttl: { Session: 86400, Interaction: 600, Grant: 600, IdToken: 300, AccessToken: 300, AuthorizationCode: 60 },
  });
  return provider;
}

let provider = make(given.jwks);
let handle = provider.callback();

const server = createServer(async (req, res) => {
  const url = new URL(req.url, issuer);
  if (!url.pathname.startsWith('/interaction/')) return handle(req, res);
  const as = url.searchParams.get('as');
  const result = as
    ? { login: { accountId: as, acr: url.searchParams.get('level') ?? given.levels[0], remember: true } }
    : { error: 'access_denied', error_description: 'the visitor broke off' };
  try {
    await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
  } catch (error) {
    res.statusCode = 500;
    res.end(String(error));
  }
});
server.listen(given.port, '127.0.0.1', () => console.log('ready'));

for await (const line of lines) {
  provider = make(JSON.parse(line));
  handle = provider.callback();
  console.log('turned');
}
process.exit(0);
