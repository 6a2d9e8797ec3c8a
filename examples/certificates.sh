#!/bin/sh
# Makes an authority and, signed by it, certificates for a server and for a client, to try things out with. Needs the openssl program.
#   sh examples/certificates.sh FOLDER [NAME-OF-THE-SERVER [NAME-OF-THE-CLIENT]]
# In FOLDER: ca.crt, server.crt, server.key, client.crt, client.key. They are good for 30 days; the key of the authority is not kept.
set -eu
folder=${1:?a folder to write to}
server=${2:-localhost}
client=${3:-ada}
mkdir -p "$folder"
cd "$folder"
umask 077
trap 'rm -f ca.key ca.srl *.csr *.ext' EXIT

key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}
# A certificate of NAME for SUBJECT, with what its owner may do with it.
signed() {
  key "$1.key"
  openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=%s\nsubjectAltName=DNS:%s%s\n' "$3" "$2" "$4" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -sha256 -extfile "$1.ext" -out "$1.crt" 2> /dev/null
}

key ca.key
openssl req -new -x509 -key ca.key -subj '/CN=authority for trying out' -days 30 -sha256 -out ca.crt \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
signed server "$server" serverAuth ',IP:127.0.0.1,IP:::1'
signed client "$client" clientAuth ''
echo "certificates of $server and $client are in $folder"
