// An issuer of tokens that others wrote: oidc-provider. Arguments: its folder, the audience of its tokens. Says its address in a line.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, audience] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(join(folder, 'lib/index.js')));

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const key = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' };
  const info = (resource) => ({ scope: 'geo:read', audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } });
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    scopes: ['geo:read'],
    clients: ['svc', 'stranger'].map((id) => ({
      client_id: id,
      client_secret: 'a secret of the tests',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, defaultResource: () => audience, getResourceServerInfo: (_, resource) => info(resource) },
    },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
// Whoever started this goes: so does this.
process.stdin.on('end', () => process.exit(0)).resume();
