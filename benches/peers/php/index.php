<?php // PHP's SoapClient behind php-fpm and nginx: POST /OPERATION with JSON. The WSDL is cached in memory.
$operation = ltrim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
header('Content-Type: application/json');
try {
  $client = new SoapClient($_SERVER['PEERS_WSDL'], ['cache_wsdl' => WSDL_CACHE_BOTH, 'keep_alive' => true, 'exceptions' => true]);
  $result = $client->__soapCall($operation, [json_decode(file_get_contents('php://input'), true)]);
  echo json_encode($result, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
} catch (SoapFault $fault) {
  http_response_code(502);
  echo json_encode(['error' => $fault->getMessage()]);
}
