"""llama.cpp's OpenAI-compatible server on 127.0.0.1, for the tests.

python3 llama_server.py FOLDER_WITH_XLLAMACPP MODEL.gguf PORT

Ends when its standard input does, so that it never outlives its test."""
import sys

sys.path.insert(0, sys.argv[1])
import xllamacpp  # noqa: E402

parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[2]
parameters.hostnames = ["127.0.0.1"]
parameters.port = int(sys.argv[3])
parameters.n_ctx = 4096
parameters.n_parallel = 1
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
parameters.use_jinja = True
server = xllamacpp.Server(parameters)
print("listening", server.listening_address, flush=True)
sys.stdin.read()
