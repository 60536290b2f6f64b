"""Serves LocalStack's KMS provider alone, on loopback: the wheel's own start command does not work outside its image."""

import logging
import sys

from localstack.aws.app import LocalstackAwsGateway
from localstack.aws.serving.werkzeug import serve
from localstack.services.kms.provider import KmsProvider
from localstack.services.plugins import Service, ServiceManager

logging.getLogger("werkzeug").setLevel(logging.ERROR)
services = ServiceManager()
services.add_service(Service.for_provider(KmsProvider()))
serve(LocalstackAwsGateway(services), host="127.0.0.1", port=int(sys.argv[1]), use_reloader=False)
