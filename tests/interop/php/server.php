<?php
// PHP's SoapServer with two services, run as `php -S 127.0.0.1:0 server.php`: /shop (document/literal) and /encoded (rpc/encoded).
// What a handler is given stands in the file PEER_LOG, a JSON line for each call, with the classes that PHP made of xsi:type.

#[AllowDynamicProperties]
class Card
{
}
#[AllowDynamicProperties]
class Transfer
{
}
#[AllowDynamicProperties]
class Boss
{
}

function shown(mixed $value): mixed
{
    if (is_string($value) && !preg_match('//u', $value)) {
        return ['bytes' => bin2hex($value)];
    }
    if (is_array($value)) {
        return array_map('shown', $value);
    }
    if (is_object($value)) {
        $class = get_class($value) === 'stdClass' ? [] : ['#class' => get_class($value)];
        return (object) ($class + array_map('shown', get_object_vars($value)));
    }
    return $value;
}

function received(string $what, mixed $value): void
{
    file_put_contents(getenv('PEER_LOG'), json_encode(['what' => $what, 'soap' => $_SERVER['CONTENT_TYPE'] ?? '', 'data' => shown($value)]) . "\n", FILE_APPEND);
}

const SHOP = 'urn:castile:interop:shop';
const SECURITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const ENCODED = 'urn:castile:interop:encoded';

class Shop
{
    private ?object $session = null;
    private ?string $user = null;

    public function __construct(private SoapServer $server)
    {
    }

    public function Session($session): void
    {
        $this->session = $session;
    }

    // WS-Security's UsernameToken with a digest: Base64(SHA-1(nonce + created + password)), and a time that has not passed.
    public function Security($security): void
    {
        $token = $security->UsernameToken;
        $digest = base64_encode(sha1(base64_decode($token->Nonce) . $token->Created . 'sésame & <1>', true));
        $stamp = $security->Timestamp;
        if ($token->Username !== 'svc' || !hash_equals($digest, $token->Password) || strtotime($stamp->Expires) < time() || $stamp->Created !== $token->Created) {
            throw new SoapFault([SECURITY, 'FailedAuthentication'], 'The security token could not be authenticated');
        }
        $this->user = $token->Username;
    }

    public function Place($request): array
    {
        received('Place', ['session' => $this->session, 'order' => $request->order, 'user' => $this->user]);
        $this->server->addSoapHeader(new SoapHeader(SHOP, 'Receipt', ['number' => 9007199254740993]));
        $order = (array) $request->order;
        $order['payment'] = new SoapVar($request->order->payment, SOAP_ENC_OBJECT, get_class($request->order->payment), SHOP);
        return ['order' => $order];
    }

    public function Lines($request): array
    {
        received('Lines', $request);
        // PHP gives a fault without a name the only one that an operation declares: this operation declares none.
        if ($request->count === 400) {
            throw new SoapFault('Client', 'What is this?');
        }
        if ($request->count === 500) {
            throw new SoapFault('Server', 'The disk of db7 is full');
        }
        if ($request->count === 503) {
            http_response_code(503);
            header('Content-Type: text/html');
            echo '<html><body>Service Unavailable</body></html>';
            exit;
        }
        $line = fn (int $n) => $n === 3 ? null : ['sku' => "A-$n", 'price' => ['_' => '12.50', 'currency' => 'EUR']];
        return $request->count < 0 ? [] : ['lines' => ['line' => array_map($line, $request->count ? range(1, $request->count) : [])]];
    }

    public function Fail($request): never
    {
        received('Fail', $request);
        throw new SoapFault($request->how, 'Refused by the bank', null, ['reason' => 'too much', 'limit' => '100.10'], 'Refused');
    }
}

class Encoded
{
    public function echo($team, $round): object
    {
        received('echo', ['team' => $team, 'round' => $round]);
        return $team;
    }

    // The lead is a member too: PHP writes the object once and refers to it.
    public function shared($name): array
    {
        received('shared', $name);
        $lead = (object) ['name' => $name, 'born' => null, 'balance' => '12.50'];
        return ['lead' => $lead, 'members' => [$lead, $lead], 'scores' => [1, 2]];
    }

    public function people($count): array
    {
        received('people', $count);
        $person = fn (int $n) => (object) ['name' => "p$n", 'born' => '2001-02-0' . $n, 'balance' => "$n.00"];
        return array_map($person, $count ? range(1, $count) : []);
    }
}

$name = trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
// SoapServer reads its WSDL from a file and gives that file out: with this server's own address in it.
$wsdl = dirname(getenv('PEER_LOG')) . "/$name.wsdl";
file_put_contents($wsdl, str_replace('http://peer.invalid', "http://{$_SERVER['HTTP_HOST']}", file_get_contents(__DIR__ . "/$name.wsdl")));
$server = new SoapServer($wsdl, [
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS | SOAP_USE_XSI_ARRAY_TYPE,
    'classmap' => ['Card' => 'Card', 'Transfer' => 'Transfer', 'Boss' => 'Boss'],
]);
$server->setObject($name === 'shop' ? new Shop($server) : new Encoded());
$server->handle();
