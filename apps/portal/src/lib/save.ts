/** Saves bytes as a file. The type says that no browser should open it as a page of this origin. */
export function save(name: string, content: Blob): void {
    const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
