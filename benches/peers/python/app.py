"""zeep behind FastAPI: POST /OPERATION with JSON. The WSDL's path stands in PEERS_WSDL."""
import os

import orjson
import requests
import zeep
from fastapi import Body, FastAPI
from fastapi.responses import JSONResponse, Response
from zeep.helpers import serialize_object

session = requests.Session()
session.trust_env = False
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=128))
client = zeep.Client(os.environ["PEERS_WSDL"], transport=zeep.Transport(session=session), settings=zeep.Settings(xml_huge_tree=True))
app = FastAPI()


@app.post("/{operation}")
def call(operation: str, body: dict = Body(...)):
    try:
        result = getattr(client.service, operation)(**body)
    except zeep.exceptions.Fault as error:
        return JSONResponse({"error": error.message}, 502)
    return Response(orjson.dumps(serialize_object(result, dict), default=str), media_type="application/json")
