/*
 * JupyterLab with jupyter-server-proxy, of tests/python/venv: a notebook's cell shows a stream in a frame below the
 * notebook's address, and gets the viewer's input.
 */
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createServer} from 'node:net';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {open, start, until} from './helper.mjs';

const BASE = '/user/me/';
const CODE = `import asyncio, sys
import numpy as np
import shmcast
from shmcast.serve import Server
server = Server((320, 240), name=${JSON.stringify(process.env.S)}, quality=95)
stream = shmcast.Stream(server.name)
colour = [200, 30, 30]
seen = []
def draw():
    stream.frame()[:] = colour
    stream.publish()
async def serve():
    async for event in stream:
        seen.append((event["type"], round(event.get("x", 0), 2), round(event.get("y", 0), 2)))
        if event["type"] == "pointer_down":
            colour[:] = [30, 30, 200]
            draw()
draw()
task = asyncio.create_task(serve())
print("address", server.url)
from IPython.display import HTML, display
display(HTML(server.frame_html(400, 300)))`;

async function freePort()
{
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/* A notebook server with one notebook, whose first cell has the code. Returns the notebook's address. */
async function notebook(t, code)
{
    const folder = mkdtempSync(join(tmpdir(), 'shmcast-jupyter-'));
    t.after(() => rmSync(folder, {recursive: true, force: true}));
    writeFileSync(join(folder, 'a.ipynb'), JSON.stringify({
        cells: [{cell_type: 'code', execution_count: null, id: 'one', metadata: {}, outputs: [], source: code}],
        metadata: {kernelspec: {display_name: 'Python 3', language: 'python', name: 'python3'}},
        nbformat: 4, nbformat_minor: 5,
    }));
    const port = await freePort();
    const server = start(t, 'sh', ['-c', 'exec "$@" >"$0" 2>&1', join(folder, 'log'),
        `${process.env.PYTHON_VENV}/bin/jupyter`, 'lab', '--no-browser', '--allow-root', '--ip=127.0.0.1', `--port=${port}`,
        '--ServerApp.port_retries=0', `--ServerApp.base_url=${BASE}`, '--IdentityProvider.token=abc', `--notebook-dir=${folder}`,
        '--LabApp.news_url=None', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate']);
    const root = `http://127.0.0.1:${port}${BASE}`;
    await until('the notebook server', async () => {
        assert.equal(server.exitCode, null);
        return (await fetch(`${root}api/status?token=abc`).catch(() => null))?.ok;
    }, 120);
    return {root, server, url: `${root}lab/tree/a.ipynb?token=abc`};
}

test('a notebook in JupyterLab shows a stream and sends input to it, through the proxy of JupyterLab', async t => {
    const {root, url} = await notebook(t, CODE);
    const page = await open(t, url);
    page.allowed.push(/./); /* of JupyterLab */
    const cell = page.locator('.jp-CodeCell').first();
    await cell.waitFor({timeout: 120000});
    await until('the kernel is idle', async () =>
        (await (await fetch(`${root}api/kernels?token=abc`)).json())[0]?.execution_state === 'idle', 120);
    await cell.click();
    await page.keyboard.press('Shift+Enter');
    const frame = page.frameLocator('.jp-OutputArea iframe');
    await until('the address', async () => /address/.test(await page.locator('.jp-OutputArea').first().innerText().catch(() => '')), 120);
    const text = await page.locator('.jp-OutputArea').first().innerText();
    assert.match(text, new RegExp(`address ${BASE}proxy/\\d+/\\?token=[\\w-]{32}`));
    const picture = frame.locator('#picture > :not([hidden])');
    const colour = () => picture.evaluate(source => {
        const context = new OffscreenCanvas(1, 1).getContext('2d');
        context.drawImage(source, 0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }).catch(() => null);
    const near = (got, want) => got?.every((v, i) => Math.abs(v - want[i]) < 8);
    let got;
    await until(() => `the picture, not ${got}`, async () => near(got = await colour(), [200, 30, 30]), 120);
    await frame.locator('#picture').click(); /* scrolls the frame into view */
    await until(() => `the answer, not ${got}`, async () => near(got = await colour(), [30, 30, 200]), 120);
    /* Without its token the port is closed to other users of the machine. */
    const port = /proxy\/(\d+)/.exec(text)[1];
    assert.equal((await fetch(`http://127.0.0.1:${port}/stats`)).status, 401);
    assert.equal((await fetch(`${root}proxy/${port}/stats?token=abc`)).status, 401);

    /* The end of the kernel ends the stream and its programs. */
    const [kernel] = await (await fetch(`${root}api/kernels?token=abc`)).json();
    await fetch(`${root}api/kernels/${kernel.id}?token=abc`, {method: 'DELETE'});
    await until('the end of the stream', () => !existsSync(`/dev/shm/${process.env.S}`));
    await until('the end of the server', () => fetch(`http://127.0.0.1:${port}/healthz`).then(() => false, () => true));
});
