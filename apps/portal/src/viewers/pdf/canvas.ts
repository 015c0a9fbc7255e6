// What pdf.js needs to draw where there is no document.

interface Drawn {
    canvas: OffscreenCanvas | null;
    context: OffscreenCanvasRenderingContext2D | null;
}

export class Canvases {
    create(width: number, height: number): Drawn {
        const canvas = new OffscreenCanvas(width, height);
        return { canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
    }

    getNoAlphaContext(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D | null {
        return canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    }

    reset({ canvas }: Drawn, width: number, height: number): void {
        Object.assign(canvas!, { width, height });
    }

    destroy(drawn: Drawn): void {
        if (drawn.canvas) this.reset(drawn, 0, 0);
        Object.assign(drawn, { canvas: null, context: null });
    }
}

/** Filters are made of elements of a document: a picture with one is drawn without it. */
export class NoFilters {
    addFilter = none;
    addHCMFilter = none;
    addAlphaFilter = none;
    addLuminosityFilter = none;
    addKnockoutFilter = none;
    addHighlightHCMFilter = none;
    addSelectionHCMFilter = none;
    addSelectionFilter = none;
    createSelectionStyle = () => null;
    destroy(): void {}
}

function none(): string {
    return "none";
}
