import { render } from "preact";
import { App } from "./app.tsx";
import { Server } from "./server.ts";

const place = document.getElementById("app");
if (place !== null) render(<App server={new Server()} />, place);
