declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
    interface J2KDecoder {
        getEncodedBuffer(length: number): Uint8Array;
        decode(): void;
        getDecodedBuffer(): Uint8Array;
        getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned: boolean };
        delete(): void;
    }
    export default function start(options: { wasmBinary: Uint8Array }): Promise<{ J2KDecoder: new () => J2KDecoder }>;
}

declare module "jpeg-lossless-decoder-js" {
    export class Decoder {
        decode(buffer: ArrayBuffer, offset: number, length: number, bytesOfValue: number): { buffer: ArrayBuffer };
    }
}
