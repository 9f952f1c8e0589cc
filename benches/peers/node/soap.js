// npm "soap" behind fastify: POST /OPERATION with JSON.   node soap.js WSDL PORT
const fastify = require('fastify')({ bodyLimit: 64 << 20 });
const soap = require('soap');
const http = require('http');
const [wsdl, port] = process.argv.slice(2);

(async () => {
  const request = require('axios').create({ httpAgent: new http.Agent({ keepAlive: true, maxSockets: 256 }), proxy: false });
  const client = await soap.createClientAsync(wsdl, { request });
  fastify.post('/:operation', async (call, reply) => {
    try {
      const [result] = await client[call.params.operation + 'Async'](call.body);
      return result;
    } catch (error) {
      reply.code(502);
      return { error: String(error.message).slice(0, 200) };
    }
  });
  await fastify.listen({ port: Number(port), host: '127.0.0.1' });
})();
