/** What the news count of one moment. */
export interface Count {
    /** Numbers of requests. */
    requests: string[];
    /** How many records others added. */
    records: number;
}

export type Arrived = Record<keyof Count, number>;

export const NOTHING: Count = { requests: [], records: 0 };

/** What came between two moments and is still there. */
export function arrived(noted: Count, now: Count): Arrived {
    return {
        requests: now.requests.filter((id) => !noted.requests.includes(id)).length,
        records: Math.max(0, now.records - noted.records),
    };
}
