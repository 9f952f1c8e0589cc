<?php
// PHP's SoapClient against the gateway: loads ?wsdl and calls every operation of a sample service.
//
//   php_client.php WSDL_ADDRESS SERVICE
[, $address, $name] = $argv;
$calls = 0;

function called($answer, callable $check): void
{
    global $calls;
    $calls++;
    if (!$check($answer)) {
        throw new Exception("call $calls: " . json_encode($answer));
    }
}

function countries(SoapClient $client): void
{
    called($client->GetCountry(['code' => 'LK']), fn ($a) => strlen($a->GetCountryResult->code) === 2);
    called($client->ListCountries(['continent' => 'Asia', 'limit' => 3]), fn ($a) => is_int($a->total) || is_numeric($a->total));
    $country = ['code' => 'PT', 'name' => 'Portugal & <all>', 'continent' => 'Europe', 'population' => 10467366, 'area' => '92230.00',
        'currency' => ['EUR'], 'founded' => null];
    called($client->AddCountry(['country' => $country]), fn ($a) => strlen($a->AddCountryResult) === 2);
}

function orders(SoapClient $client): void
{
    $types = 'urn:castile:samples:orders:types';
    $shop = new SoapHeader('urn:castile:samples:orders', 'Shop', ['name' => 'lisbon', 'trace' => true]);
    $payment = new SoapVar(['payer' => 'Ana', 'token' => 't-1', 'expires' => '2027-05'], SOAP_ENC_OBJECT, 'Card', $types);
    $line = ['sku' => 'A-1', 'quantity' => 2, 'price' => ['_' => '12.50', 'currency' => 'EUR'], 'size' => 'M'];
    $client->__setSoapHeaders($shop);
    called($client->GetOrder(['id' => 5]), fn ($a) => $a->order->payment->payer !== '');
    $client->__setSoapHeaders();
    called($client->FindOrders(['reference' => 'r', 'status' => ['placed', 'packed']]), fn ($a) => isset($a->found));
    called($client->CancelOrder(['id' => 5, 'reason' => null]), fn ($a) => true);
}

function inventory(SoapClient $client): void
{
    $place = ['warehouse' => 'north', 'aisle' => 3, 'bin' => 'b'];
    called($client->StockOf('A-000001', 0), fn ($a) => is_numeric($a['total']));
    called($client->Move('A-000001', 5, $place, $place), fn ($a) => $a !== '');
    called($client->Counted(['by' => 'Rui', 'sku' => 'A-000001', 'location' => $place, 'quantity' => 7]), fn ($a) => $a === null);
    called($client->Empty($place), fn ($a) => $a === null);
}

try {
    $name(new SoapClient($address, ['cache_wsdl' => WSDL_CACHE_NONE, 'trace' => true, 'exceptions' => true]));
    if ($name === 'countries') {
        countries(new SoapClient($address, ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => SOAP_1_2, 'exceptions' => true]));
    }
    echo "$calls calls\n";
} catch (Throwable $error) {
    fwrite(STDERR, get_class($error) . ': ' . $error->getMessage() . "\n");
    exit(1);
}
