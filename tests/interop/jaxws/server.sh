#!/bin/sh
# Compiles the endpoint of Server.java with the wrapper classes that wsgen makes of it, and becomes that endpoint.
#
#   server.sh FOLDER      where the classes go
set -eu
here=$(dirname "$0")
jars='/usr/share/java/*'
javac -nowarn -Xlint:none -cp "$jars" -d "$1" "$here/Server.java"
java -cp "$1:$jars" com.sun.tools.ws.WsGen -cp "$1:$jars" -Xnocompile -keep -d "$1" 'peer.Server$Soap11' >&2
javac -nowarn -Xlint:none -cp "$1:$jars" -d "$1" "$1"/peer/jaxws/*.java
exec java -cp "$1:$jars" peer.Server
