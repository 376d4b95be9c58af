import { Request } from "zeromq"

const socket = new Request({ receiveTimeout: 10_000 }) // milliseconds
socket.connect(process.argv[2])
await socket.send("this here is history")
const [answer] = await socket.receive()
console.log(answer.toString())
