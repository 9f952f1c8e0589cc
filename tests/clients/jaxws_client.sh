#!/bin/sh
# JAX-WS against the gateway: wsimport makes classes from ?wsdl, a client written against them is compiled with them and calls every operation.
#
#   jaxws_client.sh WSDL_ADDRESS SERVICE
set -eu
here=$(dirname "$0")
jars='/usr/share/java/*'
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
java -cp "$jars" com.sun.tools.ws.WsImport -quiet -Xnocompile -extension -XadditionalHeaders -p "$2" -d "$made" "$1"
javac -nowarn -Xlint:none -cp "$jars" -d "$made" "$made/$2"/*.java "$here/jaxws/Calls.java" "$here/jaxws/$2.java"
java -cp "$made:$jars" Client "$1"
