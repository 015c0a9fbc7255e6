import { mount } from "svelte";
import "./style/base.css";
import App from "./App.svelte";
import { preferredLanguage, speak } from "./lib/i18n.svelte";

await speak(preferredLanguage());
mount(App, { target: document.getElementById("app")! });
