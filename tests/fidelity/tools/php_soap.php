<?php
// PHP's SoapClient, with classes for the derived types.
//
//   php_soap.php WSDL JOBS
[, $wsdl, $jobs] = $argv;
const T = 'urn:castile:fidelity';
const P = 'urn:castile:fidelity:parts';

#[AllowDynamicProperties]
class Circle
{
}
#[AllowDynamicProperties]
class Point
{
}
#[AllowDynamicProperties]
class Dot
{
}

ini_set('serialize_precision', '-1');
ini_set('precision', '17');
$client = new SoapClient($wsdl, [
    'cache_wsdl' => WSDL_CACHE_NONE,
    'exceptions' => true,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    'classmap' => ['Circle' => 'Circle', 'Point' => 'Point', 'Dot' => 'Dot'],
    'keep_alive' => false,
]);

/** An object with its class, where it has one of its own; floats as PHP writes them. */
function shown(mixed $value): mixed
{
    if (is_float($value)) {
        return is_finite($value) ? json_encode($value) : (string) $value;
    }
    // Bytes that are no text.
    if (is_string($value) && !preg_match('//u', $value)) {
        return base64_encode($value);
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

function say(string $row, ?string $variant, callable $act): void
{
    try {
        $said = ['row' => $row, 'variant' => $variant, 'data' => shown($act())];
    } catch (Throwable $error) {
        $said = ['row' => $row, 'variant' => $variant, 'error' => get_class($error) . ': ' . $error->getMessage()];
    }
    // PHP's floats stand as text above: what JSON would round is not rounded again.
    echo json_encode($said, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}

function get(string $row, string $variant): mixed
{
    global $client;
    $headers = [];
    try {
        $result = $client->__soapCall("get$row", [['variant' => $variant]], null, null, $headers);
        return $row === 'Header' ? ['result' => $result, 'headers' => $headers] : $result;
    } catch (SoapFault $fault) {
        if ($row !== 'Fault' || !isset($fault->detail)) {
            throw $fault;
        }
        return ['code' => $fault->faultcode, 'message' => $fault->getMessage(), 'detail' => $fault->detail];
    }
}

$xml = fn (string $markup) => new SoapVar($markup, XSD_ANYXML);
$puts = [
    'Derived' => ['shape' => new SoapVar(['name' => 's', 'radius' => 31], SOAP_ENC_OBJECT, 'Circle', P)],
    'Attribute' => ['price' => ['_' => 12, 'currency' => 'EUR']],
    'Long' => ['value' => 9007199254740993],
    'Unsigned' => ['value' => '18446744073709551615'],
    'Decimal' => ['value' => '12.50'],
    'Digits' => ['value' => '12345678901234567.123456789'],
    'Double' => ['value' => INF],
    'Boolean' => ['value' => true],
    'Nil' => ['note' => null],
    'NilItem' => ['items' => ['item' => ['a', null, 'b']]],
    'Empty' => ['note' => ''],
    'OneItem' => ['items' => ['item' => ['a']]],
    'NoItem' => ['items' => new stdClass()],
    'List' => ['codes' => ['x1', 'y2', 'z3']],
    'Union' => ['value' => '007'],
    'Mixed' => ['para' => $xml('<t:para xmlns:t="' . T . '">A<t:b>B</t:b>C</t:para>')],
    'Substitution' => ['animal' => $xml('<t:cat xmlns:t="' . T . '"><p:name xmlns:p="' . P . '">n1</p:name></t:cat>')],
    'Declared' => ['any' => $xml('<p:stamp xmlns:p="' . P . '"><p:by>ana</p:by></p:stamp>')],
    'Undeclared' => ['any' => $xml('<u:free xmlns:u="urn:one"><u:k>v1</u:k></u:free>')],
    'AnyAttribute' => ['thing' => ['name' => 'n', 'level' => '5']],
    'Choice' => ['steps' => ['a' => [1, 3], 'b' => [2]]],
    'TwoNames' => ['code' => 'x1'],
    'QName' => ['value' => '{urn:a}red'],
    'Local' => ['value' => '2026-03-01T10:00:00'],
    'Midnight' => ['value' => '2026-03-01T24:00:00'],
    'Fraction' => ['value' => '2026-03-01T10:00:00.123456789Z'],
    'Zone' => ['value' => '2026-03-01+02:00'],
    'Binary' => ['value' => "\x00\x01\xff"],
    'Markup' => ['value' => '<a> & b'],
    'Space' => ['value' => "  a\tb  "],
    'Return' => ['value' => "a\r\nb"],
    'Fixed' => ['thing' => ['name' => 'n']],
    'Header' => ['name' => 'n'],
];

foreach (json_decode(file_get_contents($jobs), true) as ['row' => $row, 'variants' => $variants, 'put' => $put]) {
    foreach ($variants as $variant) {
        say($row, $variant, fn () => get($row, $variant));
    }
    if ($put && isset($puts[$row])) {
        $headers = $row === 'Header' ? [new SoapHeader(T, 'quota', ['left' => 3141])] : null;
        say($row, null, fn () => $client->__soapCall("put$row", [['id' => 1] + $puts[$row]], null, $headers));
    }
}
