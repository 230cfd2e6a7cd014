#!/bin/sh
# From nothing to a model: tokenizer, data, training, export. Run again after a break, it goes on where it stopped.
#
#   ./make.sh                                  90 minutes on one CPU core, 3.7 M parameters
#   SIZE=gpu MINUTES=25 TOKENS=1e9 ./make.sh   19 M parameters on one GPU
set -eu
cd "$(dirname "$0")"
FOLDER=${FOLDER:-build}
MINUTES=${MINUTES:-90}
TOKENS=${TOKENS:-15e6}
PYTHON=${PYTHON:-venv/bin/python}
export OMP_WAIT_POLICY=PASSIVE # threads that wait must sleep: on a busy machine spinning makes a step five times slower

if [ ! -x "$PYTHON" ]; then
  python3 -m venv venv
  venv/bin/pip install --quiet -r requirements.txt
fi
case ${SIZE:-cpu} in
  cpu) SHAPE="--layers 4" WORKERS=2 ;;
  gpu) SHAPE="--layers 6 --width 512 --heads 8 --kv-heads 4 --hidden 1408 --batch-tokens 32768 --batches-per-step 2" WORKERS=16 ;;
  *) echo "SIZE must be cpu or gpu." >&2; exit 2 ;;
esac
RESUME=
if [ -f "$FOLDER/checkpoint.pt" ]; then RESUME=--resume; fi
[ -f "$FOLDER/late.npz" ] || "$PYTHON" corpus.py --folder "$FOLDER" --tokens "$TOKENS" --workers "$WORKERS"
# shellcheck disable=SC2086 # the shape and the resume flag are lists of words
nice -n 19 "$PYTHON" train.py --folder "$FOLDER" --minutes "$MINUTES" $SHAPE $RESUME
"$PYTHON" export.py --folder "$FOLDER"
"$PYTHON" evaluation.py
cp "$FOLDER/turnpike-mini.gguf" ../turnpike-mini/turnpike-mini.gguf
echo "Now run: npm run eval:mini"
