"""Uses a server's /mcp by the official SDK and prints what it saw as JSON.

Arguments: address, key or nothing, JSON list of [tool, arguments].
"""
import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def use(url, key, calls, mode):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    seen = {"calls": []}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            seen["server"] = client.server_info.name
            seen["instructions"] = client.instructions
            listed = await client.list_tools()
            seen["tools"] = [tool.model_dump(mode="json", by_alias=True) for tool in listed.tools]
            for name, arguments in calls:
                try:
                    result = await client.call_tool(name, arguments)
                    seen["calls"].append(
                        {
                            "is_error": bool(result.is_error),
                            "text": "".join(c.text for c in result.content if c.type == "text"),
                            "structured": result.structured_content,
                        }
                    )
                except Exception as error:  # noqa: BLE001 - told to the test
                    seen["calls"].append({"protocol_error": f"{type(error).__name__}: {error}"})
    return seen


async def main():
    url, key, calls = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    both = {mode: await use(url, key, calls, mode) for mode in ("legacy", "auto")}
    print(json.dumps(both))


asyncio.run(main())
